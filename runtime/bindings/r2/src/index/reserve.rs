//! Room on the disk that is kept for deletions: a deletion writes to the index before it frees anything.

use std::io::Write as _;
use std::path::{Path, PathBuf};

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
        let written =
            private::create_file(&self.0).and_then(|mut file| file.write_all(&vec![0; BYTES]));
        if written.is_err() {
            self.free();
        }
    }

    /// Removes the file, so that its room can be used.
    pub(super) fn free(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
