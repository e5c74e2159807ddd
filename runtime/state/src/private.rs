//! Folders and files of this user alone.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The mode of a folder.
pub(crate) const FOLDER_MODE: u32 = 0o700;
/// The mode of a file.
const FILE_MODE: u32 = 0o600;

/// Creates the folder, and those above it that are missing. An existing folder is closed to other users.
///
/// # Errors
/// Fails when it cannot be created, or is open to others and not this user's.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)?;
    close(folder, FOLDER_MODE)
}

/// Creates the file for writing, or empties it. An existing file is closed to other users.
///
/// # Errors
/// Fails when it cannot be opened, or is open to others and not this user's.
pub fn create_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let opened = options.mode(FILE_MODE).open(file)?;
    close_file(file)?;
    Ok(opened)
}

/// Creates the file unless it exists. An existing file is closed to other users, and never opened: closing it would end the
/// locks that this process has on it.
///
/// # Errors
/// Fails when it cannot be created, or is open to others and not this user's.
pub fn ensure_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    match options.open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close_file(file),
        Err(error) => Err(error),
    }
}

/// Closes an existing file to other users.
///
/// # Errors
/// Fails when it is open to others and not this user's.
pub fn close_file(file: &Path) -> io::Result<()> {
    close(file, FILE_MODE)
}

fn close(path: &Path, mode: u32) -> io::Result<()> {
    let open_to_others = 0o077;
    match path.metadata()?.permissions().mode() & open_to_others {
        0 => Ok(()),
        _ => std::fs::set_permissions(path, Permissions::from_mode(mode)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{create_file, create_folder, ensure_file};

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_of_this_user_alone_new_ones_and_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("a"), folder.path().join("a/b"));
        let (file, other) = (inner.join("file"), inner.join("other"));
        for _ in 0..2 {
            create_folder(&inner).unwrap();
            create_file(&file).unwrap();
            ensure_file(&other).unwrap();
            assert_eq!(mode(&other), 0o600);
            assert_eq!([mode(&outer), mode(&inner)], [0o700, 0o700]);
            assert_eq!(mode(&file), 0o600);
            std::fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
            for file in [&file, &other] {
                std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
            }
        }
    }
}
