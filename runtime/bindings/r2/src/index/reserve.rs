//! Room on the disk that is kept for deletions: a deletion writes to the index before it frees anything.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};
use safelight_state::private;

/// The name of the file beside the index.
const NAME: &str = "reserve";
/// Bytes of the file: enough for the pages that some hundred deletions write.
const BYTES: usize = 1 << 20;

/// The file of the reserve. Without it, as on a disk that is full already, a deletion has the room that there is.
pub(super) struct Reserve(PathBuf);

impl Reserve {
    /// The reserve of the index at `index`.
    pub(super) fn new(index: &Path) -> Self {
        let reserve = Self(index.with_file_name(NAME));
        reserve.fill();
        reserve
    }

    /// Makes the file, unless it is there. Without room for it there is none.
    pub(super) fn fill(&self) {
        let is_there = self
            .0
            .metadata()
            .is_ok_and(|file| file.len() == BYTES as u64);
        if is_there {
            return;
        }
        if self.write().is_err() {
            self.free();
        }
    }

    fn write(&self) -> io::Result<()> {
        // A file system that compresses gives zeros no room.
        let mut bytes = vec![0; BYTES];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_unspecified| io::Error::other("the system has no random bytes"))?;
        private::create_file(&self.0)?.write_all(&bytes)
    }

    /// Removes the file, so that its room can be used.
    pub(super) fn free(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
