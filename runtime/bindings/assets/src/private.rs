//! The entries of a folder that are never assets, whatever the config says: secrets, repositories, the folders of tools, the
//! state of bindings, and configs.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Names that are never assets, in lower case.
const NAMES: [&str; 11] = [
    ".git",
    ".hg",
    ".jj",
    ".svn",
    ".netrc",
    ".npmrc",
    ".ssh",
    ".aws",
    ".wrangler",
    ".safelight",
    "node_modules",
];
/// Beginnings of such names: the files of secrets.
const PREFIXES: [&str; 2] = [".dev.vars", ".env"];

/// Returns whether a file or folder of this name is never an asset. Case is ignored, as some file systems ignore it.
pub(super) fn is_private_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The files and folders of a run that are never assets, by their paths.
#[derive(Debug, Default)]
pub(super) struct PrivatePaths(Vec<PathBuf>);

/// The identities of those that exist.
pub(super) struct PrivateFiles(Vec<FileId>);

/// The identity of a file or folder, which all its names share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl PrivatePaths {
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Self(paths.to_vec())
    }

    /// Returns the identities of those that exist now.
    pub(super) fn files(&self) -> PrivateFiles {
        let ids = self.0.iter().filter_map(|path| path.metadata().ok());
        PrivateFiles(ids.map(|metadata| FileId::from(&metadata)).collect())
    }

    /// Returns whether the folder is itself private, or lies in a private one.
    pub(super) fn contain(&self, folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else {
            return self.0.iter().any(|private| folder.starts_with(private));
        };
        let is_private = |name: Option<&str>| name.is_some_and(is_private_name);
        let name = folder.file_name().and_then(|name| name.to_str());
        let is_in_repository = folder
            .components()
            .any(|part| part == Component::Normal(".git".as_ref()));
        let files = self.files();
        let is_in_private = folder.ancestors().any(|ancestor| {
            let metadata = ancestor.metadata();
            metadata.is_ok_and(|metadata| files.contain(FileId::from(&metadata)))
        });
        is_private(name) || is_in_repository || is_in_private
    }
}

impl PrivateFiles {
    pub(super) fn contain(&self, id: FileId) -> bool {
        self.0.contains(&id)
    }
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_private_name;

    #[test]
    fn secrets_repositories_and_folders_of_tools_are_private() {
        for name in [
            ".dev.vars",
            ".dev.vars.staging",
            ".env",
            ".env.local",
            ".ENV",
            ".git",
            ".Git",
            ".wrangler",
            ".safelight",
            "node_modules",
        ] {
            assert!(is_private_name(name), "{name}");
        }
        for name in [
            ".gitignore",
            ".well-known",
            "env",
            "dev.vars",
            "node_modules2",
            "index.html",
        ] {
            assert!(!is_private_name(name), "{name}");
        }
    }
}
