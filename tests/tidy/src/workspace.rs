//! The crates of a checkout, from `cargo metadata`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::TidyError;

/// A checkout's workspace.
pub struct Workspace {
    pub crates: Vec<Crate>,
    /// The programs that `cargo run` knows of where no package is named.
    pub default_programs: Vec<String>,
}

/// One package of the workspace.
pub struct Crate {
    pub name: String,
    /// From the project's root, without a slash at the end.
    pub folder: String,
    pub dependencies: Vec<Dependency>,
    /// The features that are on by default.
    pub defaults: Vec<String>,
    /// The root files of its library and its programs, from the project's root.
    pub roots: Vec<String>,
}

/// A package that a crate names in its manifest.
pub struct Dependency {
    pub name: String,
    /// The name that the crate gives it, with its hyphens.
    pub source_name: String,
    pub kind: Kind,
    /// The features that it turns on.
    pub features: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

impl Crate {
    /// The names of what the crate is built of: development dependencies are left out, build scripts' are not.
    pub fn uses(&self) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.kind != Kind::Dev)
            .map(|dependency| dependency.name.as_str())
    }

    fn from_metadata(package: &Value, root: &str) -> Result<Self, TidyError> {
        let manifest = inside(root, text(package, "manifest_path")?);
        let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let dependencies: Result<Vec<Dependency>, TidyError> = list(package, "dependencies")?
            .iter()
            .map(|dependency| {
                let kind = match dependency["kind"].as_str() {
                    None => Kind::Normal,
                    Some("build") => Kind::Build,
                    Some(_) => Kind::Dev,
                };
                let name = text(dependency, "name")?;
                Ok(Dependency {
                    name: name.to_owned(),
                    source_name: dependency["rename"].as_str().unwrap_or(name).to_owned(),
                    kind,
                    features: texts(&dependency["features"]),
                })
            })
            .collect();
        let roots: Result<Vec<String>, TidyError> =
            targets(package, &["lib", "bin", "proc-macro"])?
                .into_iter()
                .map(|target| Ok(inside(root, text(target, "src_path")?)))
                .collect();
        Ok(Self {
            name: text(package, "name")?.to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies?,
            defaults: texts(&package["features"]["default"]),
            roots: roots?,
        })
    }
}

impl Workspace {
    pub fn read(root: &Path) -> Result<Self, TidyError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .args(["--locked", "--offline", "--no-deps"])
            .current_dir(root)
            .output()
            .map_err(|error| TidyError::Cargo(error.to_string()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(TidyError::Cargo(stderr));
        }
        let metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| TidyError::Cargo(error.to_string()))?;
        Self::from_metadata(&metadata)
    }

    fn from_metadata(metadata: &Value) -> Result<Self, TidyError> {
        let root = text(metadata, "workspace_root")?;
        let packages = list(metadata, "packages")?;
        let defaults = list(metadata, "workspace_default_members")?;
        let mut default_programs = Vec::new();
        for package in packages {
            if defaults.contains(&package["id"]) {
                let programs = targets(package, &["bin"])?;
                for program in programs {
                    default_programs.push(text(program, "name")?.to_owned());
                }
            }
        }
        let crates: Result<Vec<Crate>, TidyError> = packages
            .iter()
            .map(|package| Crate::from_metadata(package, root))
            .collect();
        Ok(Self {
            crates: crates?,
            default_programs,
        })
    }
}

fn targets<'a>(package: &'a Value, kinds: &[&str]) -> Result<Vec<&'a Value>, TidyError> {
    let has_kind = |target: &&Value| {
        let of_target = target["kind"].as_array().into_iter().flatten();
        of_target
            .filter_map(Value::as_str)
            .any(|kind| kinds.contains(&kind))
    };
    Ok(list(package, "targets")?.iter().filter(has_kind).collect())
}

fn inside(root: &str, path: &str) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).replace('\\', "/");
    path.trim_start_matches('/').to_owned()
}

fn text<'a>(value: &'a Value, key: &'static str) -> Result<&'a str, TidyError> {
    value[key].as_str().ok_or(TidyError::Metadata(key))
}

/// The texts of a list, if there is one.
fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list<'a>(value: &'a Value, key: &'static str) -> Result<&'a Vec<Value>, TidyError> {
    value[key].as_array().ok_or(TidyError::Metadata(key))
}

#[cfg(test)]
impl Crate {
    pub(crate) fn planted(name: &str, folder: &str, uses: &[&str]) -> Self {
        let normal = |name: &&str| Dependency {
            name: (*name).to_owned(),
            source_name: (*name).to_owned(),
            kind: Kind::Normal,
            features: Vec::new(),
        };
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: uses.iter().map(normal).collect(),
            defaults: Vec::new(),
            roots: vec![format!("{folder}/src/lib.rs")],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, Workspace};

    #[test]
    fn metadata_becomes_crates() {
        let workspace = Workspace::from_metadata(&json!({
            "workspace_root": "/checkout",
            "workspace_default_members": ["a#1"],
            "packages": [{
                "id": "a#1",
                "name": "a",
                "manifest_path": "/checkout/runtime/a/Cargo.toml",
                "dependencies": [
                    { "name": "bytes", "kind": null },
                    { "name": "cc", "kind": "build" },
                    { "name": "tempfile", "rename": "temp", "kind": "dev", "features": ["getrandom"] },
                ],
                "features": { "default": ["fast"], "fast": [] },
                "targets": [
                    { "kind": ["lib"], "name": "a", "src_path": "/checkout/runtime/a/src/lib.rs" },
                    { "kind": ["bin"], "name": "run-a", "src_path": "/checkout/runtime/a/src/main.rs" },
                    { "kind": ["test"], "name": "it", "src_path": "/checkout/tests/it/main.rs" },
                ],
            }],
        }))
        .unwrap();
        assert_eq!(workspace.default_programs, ["run-a"]);
        let [a] = workspace.crates.as_slice() else {
            panic!("{} crates", workspace.crates.len());
        };
        assert_eq!((a.name.as_str(), a.folder.as_str()), ("a", "runtime/a"));
        assert_eq!(a.roots, ["runtime/a/src/lib.rs", "runtime/a/src/main.rs"]);
        assert_eq!(a.uses().collect::<Vec<_>>(), ["bytes", "cc"]);
        assert_eq!(a.dependencies[1].source_name, "cc");
        assert_eq!(a.dependencies[2].source_name, "temp");
        assert_eq!(a.dependencies[2].kind, Kind::Dev);
        assert_eq!(a.dependencies[2].features, ["getrandom"]);
        assert_eq!(a.defaults, ["fast"]);
    }
}
