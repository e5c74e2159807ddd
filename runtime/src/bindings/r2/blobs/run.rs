//! The runs of the program that use a bucket: each holds a lock, so that the next one that comes sees which have ended, and clears up
//! what they had not finished. A blob's name says which run wrote it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::bindings::r2::error::R2Error;
use crate::bindings::r2::random;

/// This run's use of a bucket.
pub(in crate::bindings::r2) struct Run {
    id: String,
    /// Of all runs.
    folder: PathBuf,
    _lock: File,
}

/// A run that has ended, and may have left something behind.
pub(in crate::bindings::r2) struct Ended {
    id: String,
    file: PathBuf,
    /// Nobody else clears up after it meanwhile.
    _lock: File,
}

impl Run {
    /// Begins one, in the folder of all of them.
    pub(in crate::bindings::r2) fn begin(folder: PathBuf) -> Result<Self, R2Error> {
        std::fs::create_dir_all(&folder)?;
        let id = random::hex_id()?;
        // Seen when it is locked, and not before: else it would be taken for one that has ended.
        let hidden = folder.join(format!(".{id}"));
        let lock = File::create(&hidden)?;
        lock.try_lock().map_err(io::Error::from)?;
        std::fs::rename(&hidden, folder.join(&id))?;
        Ok(Self {
            id,
            folder,
            _lock: lock,
        })
    }

    /// A name for a blob of this run.
    pub(super) fn blob(&self) -> Result<String, R2Error> {
        Ok(format!("{}-{}", self.id, random::hex_id()?))
    }

    /// Says that it leaves nothing behind, so that nobody has to look.
    pub(super) fn end(&self) -> io::Result<()> {
        remove(&self.folder.join(&self.id))
    }

    /// The others that have ended.
    pub(super) fn ended(&self) -> io::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(id) = name.to_str().filter(|id| !id.starts_with('.')) else {
                continue;
            };
            let file = entry.path();
            let Some(lock) = locked(&file)? else { continue };
            ended.push(Ended {
                id: id.to_owned(),
                file,
                _lock: lock,
            });
        }
        Ok(ended)
    }
}

impl Ended {
    /// Whether it has written the blob, or begun to.
    pub(super) fn wrote(&self, blob: &str) -> bool {
        let rest = blob.strip_prefix(&self.id);
        rest.is_some_and(|rest| rest.starts_with('-'))
    }

    /// Nothing of it is left.
    pub(in crate::bindings::r2) fn forget(self) -> Result<(), R2Error> {
        Ok(remove(&self.file)?)
    }
}

/// The file, if nobody holds it.
fn locked(file: &Path) -> io::Result<Option<File>> {
    let lock = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes a file that another may have removed before.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
