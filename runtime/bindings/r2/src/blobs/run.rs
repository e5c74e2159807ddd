//! The runs of the program that use a bucket. Each run holds a lock on a file of its own, and removes the file when it
//! ends clean. A later run recognises a stale run by a file without a lock, and sweeps the bucket. A blob's name begins
//! with the id of the run that wrote it.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use safelight_state::{FileLock, private};

use crate::error::{Code, R2Error};
use crate::random;

/// The lock of this run on a bucket.
pub(crate) struct RunLock {
    id: String,
    /// The folder with the files of all runs.
    folder: PathBuf,
    _lock: FileLock,
}

/// A run that has ended without releasing its lock, and may have left blobs.
pub(crate) struct StaleRun {
    id: String,
    file: PathBuf,
    /// Keeps other processes from sweeping after the same run.
    _lock: FileLock,
}

/// The ids of the runs that go on. A row may yet name a blob that they wrote.
pub(crate) struct LiveRuns(HashSet<String>);

/// The state of a run, from its file.
enum RunState {
    /// The file is gone: the run left nothing behind.
    Removed,
    /// The run holds the lock.
    Live,
    /// The run has ended without removing its file. The file is locked as long as this value lives.
    Stale(FileLock),
}

/// Attempts to create the file of a run. One fails if another process takes the new file for a stale run's.
const MAX_ATTEMPTS: usize = 16;

impl RunLock {
    /// Creates and locks the file of a new run in `folder`.
    pub(crate) fn acquire(folder: PathBuf) -> Result<Self, R2Error> {
        private::create_folder(&folder)?;
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
        let text = "other processes removed the lock file of this run at each attempt";
        Err(R2Error::new(Code::Internal, text))
    }

    /// A new name for a blob of this run.
    pub(super) fn blob(&self) -> Result<String, R2Error> {
        Ok(format!("{}-{}", self.id, random::hex_id()?))
    }

    /// Removes the file: the run leaves nothing behind.
    pub(super) fn release(&self) -> io::Result<()> {
        remove(&self.folder.join(&self.id))
    }

    /// The other runs that have ended without releasing their lock.
    pub(super) fn stale_runs(&self) -> io::Result<Vec<StaleRun>> {
        let mut stale = Vec::new();
        for (id, file) in self.files()? {
            let RunState::Stale(lock) = state_of(&file)? else {
                continue;
            };
            match id.starts_with('.') {
                // The run was killed before it had a name, so it has written nothing.
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

    /// The runs that go on, this one included. The locks of the runs in `stale` are held by this process.
    pub(super) fn live_runs(&self, stale: &[StaleRun]) -> io::Result<LiveRuns> {
        let mut live = HashSet::from([self.id.clone()]);
        for (id, file) in self.files()? {
            if stale.iter().all(|run| run.id != id) && matches!(state_of(&file)?, RunState::Live) {
                live.insert(id);
            }
        }
        Ok(LiveRuns(live))
    }

    /// The ids and the files of all runs.
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

/// Creates and locks the file of a run. Returns none if another process removed it before it was locked.
fn create_locked(folder: &Path, id: &str) -> io::Result<Option<FileLock>> {
    // The file gets its name once it is locked: without a lock it would be taken for a stale run's.
    let hidden = folder.join(format!(".{id}"));
    let Some(lock) = FileLock::try_exclusive(private::create_file(&hidden)?)? else {
        return Ok(None);
    };
    match std::fs::rename(&hidden, folder.join(id)) {
        Ok(()) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl StaleRun {
    /// Removes the file, when all that the run left is deleted.
    pub(crate) fn remove(self) -> Result<(), R2Error> {
        Ok(remove(&self.file)?)
    }
}

impl LiveRuns {
    /// Returns whether one of the runs wrote the blob, or is writing it.
    pub(crate) fn wrote(&self, blob: &str) -> bool {
        let writer = blob.split_once('-').map(|(writer, _)| writer);
        writer.is_some_and(|writer| self.0.contains(writer))
    }
}

fn state_of(file: &Path) -> io::Result<RunState> {
    let file = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RunState::Removed),
        opened => opened?,
    };
    Ok(match FileLock::try_exclusive(file)? {
        Some(lock) => RunState::Stale(lock),
        None => RunState::Live,
    })
}

/// Removes a file. A missing file is no error: another process may have removed it.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
