//! The folder of the state of bindings, and the cache folder.
//!
//! Several processes may use the state at once. The first one to lock the folder may clean it up.
//!
//! | module | does |
//! |---|---|
//! | [`cache`] | finds the cache folder |
//! | `lock` | locks a file |
//! | [`private`] | creates folders and files of this user alone |
//! | `temporary` | folders of state that end with their run |

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use temporary::TemporaryFolder;

pub use lock::FileLock;

pub mod cache;
mod lock;
pub mod private;
mod temporary;

/// The version of the folder's format.
const VERSION: &str = "v1";
/// The name of the lock in a folder of state.
const LOCK_NAME: &str = "lock";
/// Longest name of a folder, in bytes. A longer one is cut, and ends in a digest.
const MAX_NAME_BYTES: usize = 120;

/// A folder of state, locked as long as this value lives.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    lock: FileLock,
    is_exclusive: bool,
    /// Removes the folder when dropped.
    _temporary: Option<TemporaryFolder>,
}

impl State {
    /// Opens the folder, which is created if it does not exist. Other users cannot read it.
    ///
    /// # Errors
    /// Fails when the folder cannot be created or locked.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder.join(VERSION);
        private::create_folder(&folder)?;
        let file = || private::create_file(&folder.join(LOCK_NAME));
        let (lock, is_exclusive) = match FileLock::try_exclusive(file()?)? {
            Some(lock) => (lock, true),
            // This waits until a process that cleans up has finished.
            None => (FileLock::shared(file()?)?, false),
        };
        Ok(Self {
            folder,
            lock,
            is_exclusive,
            _temporary: None,
        })
    }

    /// Opens a temporary folder, which is removed when this value is dropped. Removes the folders of runs that were killed.
    ///
    /// # Errors
    /// Fails when the folder cannot be created.
    pub fn temporary() -> io::Result<Self> {
        Self::temporary_in(&std::env::temp_dir())
    }

    fn temporary_in(parent: &Path) -> io::Result<Self> {
        let (folder, mut state) = TemporaryFolder::new(parent, Self::open)?;
        // A folder for temporary files that cannot be listed is good enough for this run.
        let _not_listed = temporary::remove_left(parent, &folder);
        state.folder = folder.path().join(VERSION);
        state._temporary = Some(folder);
        Ok(state)
    }

    /// Returns whether no other process uses the folder.
    pub fn is_exclusive(&self) -> bool {
        self.is_exclusive
    }

    /// Shares the folder with other processes, after the cleanup.
    ///
    /// # Errors
    /// Fails when the system cannot change the lock.
    pub fn share(&mut self) -> io::Result<()> {
        // A temporary folder keeps its lock: this run alone uses the folder, and another run would take an unlocked one for
        // that of a killed run.
        if self.is_exclusive && self._temporary.is_none() {
            self.is_exclusive = false;
            // A process that locks the folder in between may clean up as well: this one has written nothing yet.
            self.lock.share()?;
        }
        Ok(())
    }

    /// Returns the folder of the whole state.
    pub fn root(&self) -> &Path {
        &self.folder
    }

    /// The folder of the service of this kind and id.
    pub fn folder(&self, kind: &str, id: &str) -> PathBuf {
        self.folder.join(kind).join(folder_name(id))
    }
}

/// Encodes an id as a name that is unique, also on a file system without case.
fn folder_name(id: &str) -> String {
    use std::fmt::Write;
    let name = id.bytes().fold(String::new(), |mut name, byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(name, "~{byte:02x}")),
        }
        name
    });
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let start: String = name.chars().take(80).collect();
    format!("{start}~~{:x}", Sha256::digest(id))
}

#[cfg(test)]
mod tests {
    use super::{State, folder_name};

    #[test]
    fn ids_that_differ_have_folders_that_differ_and_none_is_a_path() {
        assert_eq!(folder_name("my-photos_1"), "my-photos_1");
        assert_eq!(folder_name("PHOTOS"), "~50~48~4f~54~4f~53");
        assert_eq!(folder_name("../a\0"), "~2e~2e~2fa~00");
        let long = "x".repeat(121);
        let name = folder_name(&long);
        let digest = "79072a47bfaa54e6057a9ee21e0dea64b9edbfd160c4ccadbb657e64b6d22ee4";
        assert_eq!(name, format!("{}~~{digest}", "x".repeat(80)));
        assert_ne!(name, folder_name(&format!("{long}x")));
    }

    #[test]
    fn only_the_first_process_is_exclusive_until_it_shares() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = State::open(folder.path()).unwrap();
        assert!(first.is_exclusive());
        first.share().unwrap();
        let second = State::open(folder.path()).unwrap();
        assert!(!first.is_exclusive() && !second.is_exclusive());
        drop((first, second));
        assert!(State::open(folder.path()).unwrap().is_exclusive());
    }

    #[test]
    fn temporary_state_of_a_killed_run_is_gone_with_the_next_start() {
        let parent = tempfile::tempdir().unwrap();
        let running = State::temporary_in(parent.path()).unwrap();
        let killed = State::temporary_in(parent.path()).unwrap();
        let left = killed.folder.clone();
        // A killed run drops its lock, and does not remove its folder.
        let State {
            lock, _temporary, ..
        } = killed;
        std::mem::forget(_temporary);
        drop(lock);
        std::fs::create_dir(parent.path().join("safelight-state-foreign")).unwrap();
        std::fs::write(parent.path().join("safelight-state-file"), "").unwrap();
        assert!(left.exists());
        let next = State::temporary_in(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(running.folder.exists() && next.folder.exists());
        assert!(parent.path().join("safelight-state-foreign").exists());
        assert!(parent.path().join("safelight-state-file").exists());
        let mode = |folder: &std::path::Path| {
            use std::os::unix::fs::PermissionsExt as _;
            folder.metadata().unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode(next.folder.parent().unwrap()), 0o700);
        drop((running, next));
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 2);
    }

    #[test]
    fn temporary_state_is_gone_with_its_user() {
        let state = State::temporary().unwrap();
        let folder = state.folder("r2", "photos");
        std::fs::create_dir_all(&folder).unwrap();
        drop(state);
        assert!(!folder.exists());
    }
}
