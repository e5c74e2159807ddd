//! Builds a crate with cargo and finds the component among the artifacts that cargo reports.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::TARGET;
use super::command;
use super::error::GuestError;
use super::toolchain::Toolchain;

pub(super) fn build(
    folder: &Path,
    main: &Path,
    toolchain: &Toolchain,
) -> Result<PathBuf, GuestError> {
    let mut cargo = command::new("cargo", folder);
    cargo.args(["build", "--release", "--target", TARGET]);
    cargo.arg("--message-format=json-render-diagnostics");
    if let Toolchain::Private { rustc, linkers } = toolchain {
        cargo.env("RUSTC", rustc).env("SAFELIGHT_LINKERS", linkers);
        let target = target_folder(folder)?.join(format!("safelight-{}", creation_stamp(rustc)));
        cargo.arg("--target-dir").arg(target);
    }
    let made = components(&mut cargo, folder)?;
    select_component(&made, folder, main)
}

/// The time at which a private toolchain was made. A new one reports the same version, but crates that were compiled
/// with another standard library do not fit it, so each has a target folder of its own.
fn creation_stamp(rustc: &Path) -> String {
    let made = std::fs::metadata(rustc)
        .and_then(|file| file.modified())
        .ok();
    let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{:x}", since.map_or(0, |since| since.as_secs()))
}

/// The target folder of cargo: that of the workspace, or of the user's settings.
fn target_folder(folder: &Path) -> Result<PathBuf, GuestError> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }

    let mut cargo = command::new("cargo", folder);
    cargo.args(["metadata", "--no-deps", "--format-version=1"]);
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| command::not_started(&cargo, error))?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .map_err(|_| GuestError::CargoFailed(folder.to_path_buf()))?;
    Ok(metadata.target_directory)
}

/// A component that cargo built, with the source at the root of its crate.
#[derive(Debug)]
struct BuiltComponent {
    root: PathBuf,
    component: PathBuf,
}

fn components(cargo: &mut Command, folder: &Path) -> Result<Vec<BuiltComponent>, GuestError> {
    let failed = || GuestError::CargoFailed(folder.to_path_buf());
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| command::not_started(cargo, error))?;
    let manifest = folder.join("Cargo.toml");
    let mut made = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        // A line that is not JSON comes from a build script.
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            made.extend(component(&line, &manifest));
        }
    }
    match child.wait().map_err(|_| failed())?.success() {
        true => Ok(made),
        false => Err(failed()),
    }
}

/// The component that a line of cargo's output reports for the crate itself, if any.
fn component(line: &[u8], manifest: &Path) -> Option<BuiltComponent> {
    #[derive(Deserialize)]
    struct Artifact {
        reason: String,
        manifest_path: PathBuf,
        target: Target,
        filenames: Vec<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        src_path: PathBuf,
    }

    let artifact: Artifact = serde_json::from_slice(line).ok()?;
    if artifact.reason != "compiler-artifact" || !is_same_file(&artifact.manifest_path, manifest) {
        return None;
    }
    let is_component = |file: &PathBuf| file.extension().is_some_and(|kind| kind == "wasm");
    Some(BuiltComponent {
        root: artifact.target.src_path,
        component: artifact.filenames.into_iter().find(is_component)?,
    })
}

/// Selects the component of `main`: a source selects by the root of its crate, a folder takes the only component.
fn select_component(
    made: &[BuiltComponent],
    folder: &Path,
    main: &Path,
) -> Result<PathBuf, GuestError> {
    if made.is_empty() {
        return Err(GuestError::NoComponent(folder.to_path_buf()));
    }
    let is_meant = |made: &&BuiltComponent| main.is_dir() || is_same_file(&made.root, main);
    let meant: Vec<_> = made.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [one] => Ok(one.component.clone()),
        _ => Err(GuestError::WhichComponent {
            main: main.to_path_buf(),
            made: made
                .iter()
                .map(|made| made.root.display().to_string())
                .collect(),
        }),
    }
}

/// Returns whether both paths lead to the same file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(manifest: &str, root: &str, files: &[&str]) -> String {
        let target = serde_json::json!({ "kind": ["cdylib"], "name": "w", "src_path": root });
        let artifact = serde_json::json!({
            "reason": "compiler-artifact", "manifest_path": manifest, "target": target,
            "filenames": files, "fresh": true,
        });
        artifact.to_string()
    }

    /// The components that `lines` report for the crate in `/w`.
    fn made(lines: &[String]) -> Vec<BuiltComponent> {
        let manifest = Path::new("/w/Cargo.toml");
        let lines = lines.iter();
        lines
            .filter_map(|line| component(line.as_bytes(), manifest))
            .collect()
    }

    #[test]
    fn only_the_components_of_the_crate_itself_count() {
        let made = made(&[
            line("/dep/Cargo.toml", "/dep/lib.rs", &["/t/dep.wasm"]),
            line("/w/Cargo.toml", "/w/build.rs", &["/t/build-script"]),
            line(
                "/w/Cargo.toml",
                "/w/src/lib.rs",
                &["/t/libw.rlib", "/t/w.wasm"],
            ),
            r#"{"reason":"build-finished","success":true}"#.into(),
            "a proc macro's own words".into(),
        ]);
        let components: Vec<_> = made.iter().map(|made| &made.component).collect();
        assert_eq!(components, [Path::new("/t/w.wasm")]);
    }

    #[test]
    fn main_names_the_crate_by_its_root() {
        let made = made(&[
            line("/w/Cargo.toml", "/w/src/lib.rs", &["/t/lib.wasm"]),
            line("/w/Cargo.toml", "/w/src/main.rs", &["/t/bin.wasm"]),
        ]);
        let folder = Path::new("/w");
        let one = select_component(&made, folder, Path::new("/w/src/main.rs")).unwrap();
        assert_eq!(one, Path::new("/t/bin.wasm"));
        let none = select_component(&made, folder, Path::new("/w/src/page.rs")).unwrap_err();
        assert_eq!(
            none.to_string(),
            "`main` is /w/src/page.rs, which is the root of none or of several of these: \
             /w/src/lib.rs, /w/src/main.rs"
        );
    }

    #[test]
    fn a_crate_without_a_component_is_told_what_to_add() {
        let none = select_component(&[], Path::new("/w"), Path::new("/w/src/lib.rs")).unwrap_err();
        assert_eq!(
            none.to_string(),
            "the crate in /w makes no component; hint: add `crate-type = [\"cdylib\"]` to its [lib]"
        );
    }
}
