//! The blobs that are being read. No blob is deleted before its last reader ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Blobs;

/// The pinned blobs of one bucket in one process. All handles of the bucket share them.
#[derive(Default)]
pub(crate) struct Pins {
    table: Mutex<PinTable>,
}

#[derive(Default)]
struct PinTable {
    readers: HashMap<String, usize>,
    /// Blobs that their last reader deletes.
    marked: HashSet<String>,
}

impl Pins {
    fn table(&self) -> MutexGuard<'_, PinTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns those of `blobs` that have no reader. The last reader of each other one deletes it.
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

    /// Returns whether a blob waits for its last reader to delete it.
    pub(super) fn has_marked(&self) -> bool {
        !self.table().marked.is_empty()
    }

    fn pin(&self, blobs: &[String]) {
        let mut table = self.table();
        for blob in blobs {
            *table.readers.entry(blob.clone()).or_default() += 1;
        }
    }

    /// Removes a reader of each of `blobs`. Returns the marked blobs that have no reader left.
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

/// Keeps blobs from deletion as long as it lives.
pub(crate) struct Pin {
    blobs: Blobs,
    names: Vec<String>,
}

impl Pin {
    /// Pins blobs. The caller holds the index meanwhile: otherwise they may be deleted before they are pinned.
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
