//! A lock on a file.

use std::fs::{File, TryLockError};
use std::io;

/// A lock on a file, released when this value is dropped.
///
/// The lock is released explicitly. Closing the descriptor would not do: a child that this process starts meanwhile has
/// a copy of the descriptor until the child is executed, and holds the lock as long.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Locks a file for this value alone. Returns none if the file is locked already.
    ///
    /// # Errors
    /// Fails when the system cannot lock the file.
    pub fn try_exclusive(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Locks a file together with others, after an exclusive lock has ended.
    ///
    /// # Errors
    /// Fails when the system cannot lock the file.
    pub fn shared(file: File) -> io::Result<Self> {
        file.lock_shared()?;
        Ok(Self(file))
    }

    /// Shares an exclusive lock. Another value may hold the exclusive lock in between.
    ///
    /// # Errors
    /// Fails when the system cannot change the lock.
    pub fn share(&self) -> io::Result<()> {
        self.0.unlock()?;
        self.0.lock_shared()
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the descriptor releases the lock too, if later.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_though_a_copy_of_its_descriptor_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        // As a child has it between fork and exec.
        let copy = file.try_clone().unwrap();
        let lock = FileLock::try_exclusive(file).unwrap().unwrap();
        let another = || FileLock::try_exclusive(File::open(&path).unwrap()).unwrap();
        assert!(another().is_none());
        drop(lock);
        assert!(another().is_some());
        drop(copy);
    }
}
