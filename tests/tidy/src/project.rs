//! The text files of a checkout, and its examples.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::TidyError;

/// One text file of the project.
pub struct File {
    /// From the project's root, with forward slashes.
    pub path: String,
    pub text: String,
}

impl File {
    pub fn is_rust(&self) -> bool {
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

/// The root of the checkout that this program is compiled from.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

/// The folders of `examples/` that are worker projects.
pub fn examples(root: &Path) -> Result<Vec<String>, TidyError> {
    let workers = entries(&root.join("examples"))?
        .into_iter()
        .filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<String> = workers.map(|entry| name(&entry)).collect();
    names.sort();
    Ok(names)
}

/// Every text file that is the project's own: nothing that a build, git or an editor has put there.
pub fn files(root: &Path) -> Result<Vec<File>, TidyError> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| unread(&path, error))?;
            let name = name(&entry);
            if kind.is_dir() && is_own(&name) {
                folders.push(path);
            } else if kind.is_file()
                && name != ".git"
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).unwrap_or(&path);
                let path = path.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The text of each file by its path.
pub fn texts(files: &[File]) -> BTreeMap<&str, &str> {
    let pairs = files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()));
    pairs.collect()
}

fn is_own(folder: &str) -> bool {
    match folder {
        ".ci" => true,
        "target" | "node_modules" => false,
        other => !other.starts_with('.'),
    }
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, TidyError> {
    fs::read_dir(folder)
        .and_then(Iterator::collect)
        .map_err(|error| unread(folder, error))
}

fn name(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

fn unread(path: &Path, error: io::Error) -> TidyError {
    TidyError::Read(PathBuf::from(path), error)
}
