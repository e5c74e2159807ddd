//! The folder in which bindings keep what must outlive a run, and the folder for what can be made again.
//!
//! Several processes may use the state at once. A process that finds no other one may clean it up first.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub mod cache;

/// The form of what is in the folder.
const VERSION: &str = "v1";
/// Longest name of a folder, in bytes; longer ones are cut, and end in a digest.
const MAX_NAME_BYTES: usize = 120;

/// A folder of state, in use as long as this value lives.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    lock: File,
    alone: bool,
    /// Removed at the end.
    _temporary: Option<TempDir>,
}

impl State {
    /// Uses the folder, which is made if need be.
    ///
    /// # Errors
    /// When it cannot be made or locked.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder.join(VERSION);
        std::fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        let alone = match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                // Who clears up is waited for.
                lock.lock_shared()?;
                false
            }
            Err(TryLockError::Error(error)) => return Err(error),
        };
        Ok(Self {
            folder,
            lock,
            alone,
            _temporary: None,
        })
    }

    /// Uses a folder of its own, which goes with this value.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary() -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("safelight-state-")
            .tempdir()?;
        let mut state = Self::open(folder.path())?;
        state._temporary = Some(folder);
        Ok(state)
    }

    /// Whether nobody else uses the folder.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// Lets others in, when everything is cleared up.
    ///
    /// # Errors
    /// When the system does not.
    pub fn share(&mut self) -> io::Result<()> {
        if self.alone {
            self.alone = false;
            self.lock.unlock()?;
            // Whoever comes between may clear up as well: nothing has been begun here.
            self.lock.lock_shared()?;
        }
        Ok(())
    }

    /// The folder of the service of this kind and id.
    pub fn folder(&self, kind: &str, id: &str) -> PathBuf {
        self.folder.join(kind).join(folder_name(id))
    }
}

/// A name that is another one for every id, on every disk.
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
    Sha256::digest(id)
        .iter()
        .fold(format!("{start}~~"), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
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
        assert_eq!(name.len(), 80 + 2 + 64);
        assert_ne!(name, folder_name(&format!("{long}x")));
    }

    #[test]
    fn only_who_comes_first_is_alone_until_others_are_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = State::open(folder.path()).unwrap();
        assert!(first.is_alone());
        first.share().unwrap();
        let second = State::open(folder.path()).unwrap();
        assert!(!first.is_alone() && !second.is_alone());
        drop((first, second));
        assert!(State::open(folder.path()).unwrap().is_alone());
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
