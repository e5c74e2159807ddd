//! Folders of state that end with their run, and the removal of those whose run was killed.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::lock::FileLock;
use crate::private::FOLDER_MODE;
use crate::{LOCK_NAME, VERSION};

/// The beginning of the name of a folder whose lock is held, unless its run was killed.
const PREFIX: &str = "safelight-state-";

/// A folder that is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes a folder in `parent`. `lock` locks it before it gets the name by which other runs find it.
    pub(crate) fn new<T>(
        parent: &Path,
        lock: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        let unnamed = tempfile::Builder::new()
            .prefix(&format!(".{PREFIX}"))
            .permissions(Permissions::from_mode(FOLDER_MODE))
            .tempdir_in(parent)?;
        let locked = lock(unnamed.path())?;
        let name = unnamed.path().file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let named = parent.join(name.trim_start_matches('.'));
        std::fs::rename(unnamed.path(), &named)?;
        // Its name has changed, so this value would remove nothing.
        let _ = unnamed.keep();
        Ok((Self(named), locked))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The next run removes what cannot be removed now.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders in `parent` whose runs were killed: those of the owner of `own` that no run has locked.
///
/// # Errors
/// Fails when the folder cannot be listed.
pub(crate) fn remove_left(parent: &Path, own: &TemporaryFolder) -> io::Result<()> {
    let owner = own.0.metadata()?.uid();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_state = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !is_state || entry.path() == own.0 {
            continue;
        }
        // Another run may remove the folder at the same time.
        let _ = remove_if_left(&entry.path(), owner);
    }
    Ok(())
}

fn remove_if_left(folder: &Path, owner: u32) -> io::Result<()> {
    let metadata = folder.symlink_metadata()?;
    if !metadata.is_dir() || metadata.uid() != owner {
        return Ok(());
    }
    let lock = File::open(folder.join(VERSION).join(LOCK_NAME))?;
    match FileLock::try_exclusive(lock)? {
        Some(_lock) => std::fs::remove_dir_all(folder),
        None => Ok(()),
    }
}
