//! What there is to check: the project's text files and its examples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One text file of the project.
pub(crate) struct File {
    /// From the project's root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension(&["rs"])
    }

    pub(crate) fn is_source(&self) -> bool {
        self.path == ".ci/run"
            || self.has_extension(&["rs", "sh", "py", "js", "mjs", "cjs", "ts", "wit"])
    }

    fn has_extension(&self, wanted: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| wanted.contains(&extension))
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The folders of `examples/` that are worker projects.
pub(crate) fn examples() -> Vec<String> {
    let entries = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(Result::unwrap);
    let workers = entries.filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<String> = workers
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The programs that cargo knows of where no package is named.
pub(crate) fn default_programs() -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let members = list(&metadata["workspace_default_members"]);
    let targets = list(&metadata["packages"])
        .into_iter()
        .filter(|package| members.contains(&package["id"]))
        .flat_map(|package| list(&package["targets"]));
    targets
        .filter(|target| list(&target["kind"]).contains(&"bin".into()))
        .map(|target| target["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Every text file that is the project's own: nothing that a build, git or an editor has put there.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            let name = entry.file_name().into_string().unwrap();
            if kind.is_dir() && is_own(&name) {
                folders.push(path);
            } else if kind.is_file()
                && name != ".git"
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files
}

fn is_own(folder: &str) -> bool {
    match folder {
        ".ci" => true,
        "target" | "node_modules" => false,
        other => !other.starts_with('.'),
    }
}
