//! Which blobs are being read, so that none is deleted under its reader.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Blobs;

/// The blobs in use, of one bucket in one process: all its handles share them.
#[derive(Default)]
pub(crate) struct Pins {
    table: Mutex<PinTable>,
}

#[derive(Default)]
struct PinTable {
    readers: HashMap<String, usize>,
    /// To be deleted by their last reader.
    marked: HashSet<String>,
}

impl Pins {
    fn table(&self) -> MutexGuard<'_, PinTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of `blobs` that nobody reads; the others go with their last reader.
    pub(super) fn mark_for_deletion(&self, mut blobs: Vec<String>) -> Vec<String> {
        let mut table = self.table();
        blobs.retain(|blob| {
            let is_read = table.readers.contains_key(blob);
            if is_read {
                table.marked.insert(blob.clone());
            }
            !is_read
        });
        blobs
    }

    /// Whether readers have some to delete when they end.
    pub(super) fn has_marked(&self) -> bool {
        !self.table().marked.is_empty()
    }

    fn pin(&self, blobs: &[String]) {
        let mut table = self.table();
        for blob in blobs {
            *table.readers.entry(blob.clone()).or_default() += 1;
        }
    }

    /// Those of `blobs` that this was the last reader of, and that are to be deleted.
    fn release(&self, blobs: &[String]) -> Vec<String> {
        let mut table = self.table();
        let mut last = Vec::new();
        for blob in blobs {
            let Some(readers) = table.readers.get_mut(blob) else {
                continue;
            };
            *readers -= 1;
            if *readers == 0 {
                table.readers.remove(blob);
                if table.marked.remove(blob) {
                    last.push(blob.clone());
                }
            }
        }
        last
    }
}

/// Keeps blobs from being deleted as long as it lives.
pub(crate) struct Pin {
    blobs: Blobs,
    names: Vec<String>,
}

impl Pin {
    /// Pins blobs. To be made where no row can be changed meanwhile: else they may be gone before.
    pub(crate) fn new(blobs: Blobs, names: Vec<String>) -> Self {
        Arc::clone(blobs.pins()).pin(&names);
        Self { blobs, names }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let last = self.blobs.pins().release(&self.names);
        self.blobs.discard(last);
    }
}

#[cfg(test)]
mod tests {
    use super::Pins;

    #[test]
    fn a_blob_that_is_read_is_deleted_by_its_last_reader_and_not_before() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let pins = Pins::default();
        pins.pin(&names(&["a", "b"]));
        pins.pin(&names(&["a"]));
        assert_eq!(pins.mark_for_deletion(names(&["a", "c"])), names(&["c"]));
        assert_eq!(pins.release(&names(&["a", "b"])), names(&[]));
        assert_eq!(pins.release(&names(&["a"])), names(&["a"]));
        assert_eq!(
            pins.mark_for_deletion(names(&["a", "b"])),
            names(&["a", "b"])
        );
    }
}
