//! The runs of the program that use a bucket: each holds a lock, so that the next one that comes sees which have ended without having
//! finished, and looks for what is left. A blob's name says which run wrote it; another one may have been about to delete it.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Code, R2Error};
use crate::random;

/// This run's use of a bucket.
pub(crate) struct RunLock {
    id: String,
    /// Of all runs.
    folder: PathBuf,
    _lock: File,
}

/// A run that has ended, and may have left something behind.
pub(crate) struct StaleRun {
    id: String,
    file: PathBuf,
    /// Nobody else clears up after it meanwhile.
    _lock: File,
}

/// The runs that may yet have a row name what they wrote.
pub(crate) struct LiveRuns(HashSet<String>);

/// What a run's file says of it.
enum RunState {
    /// Nothing is left of it.
    Removed,
    Live,
    /// It has ended without saying so. Nobody else looks as long as this is held.
    Stale(File),
}

/// How often a run begins before it gives up: each time, another one took its file for one that was left.
const MAX_ATTEMPTS: usize = 16;

impl RunLock {
    /// Begins one, in the folder of all of them.
    pub(crate) fn acquire(folder: PathBuf) -> Result<Self, R2Error> {
        std::fs::create_dir_all(&folder)?;
        for _ in 0..MAX_ATTEMPTS {
            let id = random::hex_id()?;
            if let Some(lock) = create_locked(&folder, &id)? {
                return Ok(Self {
                    id,
                    folder,
                    _lock: lock,
                });
            }
        }
        let text = "the file of a run is cleared away again and again";
        Err(R2Error::new(Code::Internal, text))
    }

    /// A name for a blob of this run.
    pub(super) fn blob(&self) -> Result<String, R2Error> {
        Ok(format!("{}-{}", self.id, random::hex_id()?))
    }

    /// Says that it leaves nothing behind, so that nobody has to look.
    pub(super) fn release(&self) -> io::Result<()> {
        remove(&self.folder.join(&self.id))
    }

    /// The others that have ended.
    pub(super) fn stale_runs(&self) -> io::Result<Vec<StaleRun>> {
        let mut stale = Vec::new();
        for (id, file) in self.files()? {
            let RunState::Stale(lock) = state_of(&file)? else {
                continue;
            };
            match id.starts_with('.') {
                // It was killed before it had done anything.
                true => remove(&file)?,
                false => stale.push(StaleRun {
                    id,
                    file,
                    _lock: lock,
                }),
            }
        }
        Ok(stale)
    }

    /// Those that go on, with this one. `ended` are held here, not by themselves.
    pub(super) fn live_runs(&self, stale: &[StaleRun]) -> io::Result<LiveRuns> {
        let mut live = HashSet::from([self.id.clone()]);
        for (id, file) in self.files()? {
            if stale.iter().all(|run| run.id != id) && matches!(state_of(&file)?, RunState::Live) {
                live.insert(id);
            }
        }
        Ok(LiveRuns(live))
    }

    /// The files of all runs, and whose they are.
    fn files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Ok(id) = entry.file_name().into_string() {
                files.push((id, entry.path()));
            }
        }
        Ok(files)
    }
}

/// Makes the file of a run, and holds it; nothing, if another one cleared it away before it was held.
fn create_locked(folder: &Path, id: &str) -> io::Result<Option<File>> {
    // Seen when it is locked, and not before: else it would be taken for one that has ended.
    let hidden = folder.join(format!(".{id}"));
    let lock = File::create(&hidden)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    match std::fs::rename(&hidden, folder.join(id)) {
        Ok(()) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl StaleRun {
    /// Nothing of it is left.
    pub(crate) fn remove(self) -> Result<(), R2Error> {
        Ok(remove(&self.file)?)
    }
}

impl LiveRuns {
    /// Whether one of them has written the blob, or has begun to.
    pub(crate) fn wrote(&self, blob: &str) -> bool {
        let writer = blob.split_once('-').map(|(writer, _)| writer);
        writer.is_some_and(|writer| self.0.contains(writer))
    }
}

fn state_of(file: &Path) -> io::Result<RunState> {
    let lock = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RunState::Removed),
        opened => opened?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(RunState::Stale(lock)),
        Err(TryLockError::WouldBlock) => Ok(RunState::Live),
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
