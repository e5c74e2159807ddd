//! The runs of the program that use a bucket: each holds a lock, so that the next one that comes sees which have ended without having
//! finished, and looks for what is left. A blob's name says which run wrote it; another one may have been about to delete it.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Code, R2Error};
use crate::random;

/// This run's use of a bucket.
pub(crate) struct Run {
    id: String,
    /// Of all runs.
    folder: PathBuf,
    _lock: File,
}

/// A run that has ended, and may have left something behind.
pub(crate) struct Ended {
    id: String,
    file: PathBuf,
    /// Nobody else clears up after it meanwhile.
    _lock: File,
}

/// The runs that may yet have a row name what they wrote.
pub(crate) struct Live(HashSet<String>);

/// What a run's file says of it.
enum Seen {
    /// Nothing is left of it.
    Gone,
    Live,
    /// It has ended without saying so. Nobody else looks as long as this is held.
    Ended(File),
}

/// How often a run begins before it gives up: each time, another one took its file for one that was left.
const TRIES: usize = 16;

impl Run {
    /// Begins one, in the folder of all of them.
    pub(crate) fn begin(folder: PathBuf) -> Result<Self, R2Error> {
        std::fs::create_dir_all(&folder)?;
        for _ in 0..TRIES {
            let id = random::hex_id()?;
            if let Some(lock) = begin_file(&folder, &id)? {
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
    pub(super) fn end(&self) -> io::Result<()> {
        remove(&self.folder.join(&self.id))
    }

    /// The others that have ended.
    pub(super) fn ended(&self) -> io::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        for (id, file) in self.files()? {
            let Seen::Ended(lock) = look(&file)? else {
                continue;
            };
            match id.starts_with('.') {
                // It was killed before it had done anything.
                true => remove(&file)?,
                false => ended.push(Ended {
                    id,
                    file,
                    _lock: lock,
                }),
            }
        }
        Ok(ended)
    }

    /// Those that go on, with this one. `ended` are held here, not by themselves.
    pub(super) fn live(&self, ended: &[Ended]) -> io::Result<Live> {
        let mut live = HashSet::from([self.id.clone()]);
        for (id, file) in self.files()? {
            if ended.iter().all(|run| run.id != id) && matches!(look(&file)?, Seen::Live) {
                live.insert(id);
            }
        }
        Ok(Live(live))
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
fn begin_file(folder: &Path, id: &str) -> io::Result<Option<File>> {
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

impl Ended {
    /// Nothing of it is left.
    pub(crate) fn forget(self) -> Result<(), R2Error> {
        Ok(remove(&self.file)?)
    }
}

impl Live {
    /// Whether one of them has written the blob, or has begun to.
    pub(crate) fn wrote(&self, blob: &str) -> bool {
        let writer = blob.split_once('-').map(|(writer, _)| writer);
        writer.is_some_and(|writer| self.0.contains(writer))
    }
}

fn look(file: &Path) -> io::Result<Seen> {
    let lock = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Seen::Gone),
        opened => opened?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Seen::Ended(lock)),
        Err(TryLockError::WouldBlock) => Ok(Seen::Live),
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
