//! The bytes of a bucket: blobs under names of our own, written once and never changed.
//!
//! A key never becomes a path. A blob is whole when its name is told, and lives until no row names it and nobody reads it.

mod chores;
pub(super) mod pins;
pub(super) mod reader;
pub(super) mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::error::R2Error;
use super::index::Durability;
use chores::Chores;
use pins::Pins;

/// Bytes that are handed to a file at once.
const FILE_STEP: usize = 512 * 1024;
/// Bytes of one blob in a store that takes blobs only whole. So much of a value is held in memory.
const REMOTE_STEP: usize = 8 * 1024 * 1024;
/// Bytes that all values on their way into a bucket may hold in memory before they go on in smaller steps.
const MOST_HELD: usize = 64 * 1024 * 1024;

/// A blob, as the index names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) blob: String,
    pub(super) size: u64,
    pub(super) crc32c: u32,
}

/// Where a bucket's blobs are.
#[derive(Clone)]
pub(super) struct Blobs {
    store: Arc<dyn ObjectStore>,
    place: Place,
    /// Those of the index that names them.
    pins: Arc<Pins>,
    /// Bytes in memory, of all values on their way here.
    held: Arc<AtomicUsize>,
    chores: Chores,
}

#[derive(Clone)]
enum Place {
    /// In this folder, a file for each value.
    Folder(Arc<Path>),
    /// In another machine's store, below this path, a value in pieces: each is there whole or not at all.
    Remote(StorePath),
}

impl Blobs {
    /// Blobs in a folder, which is made if need be.
    pub(super) fn in_folder(
        folder: PathBuf,
        durability: Durability,
        pins: Arc<Pins>,
    ) -> Result<Self, R2Error> {
        std::fs::create_dir_all(&folder)?;
        let store =
            LocalFileSystem::new_with_prefix(&folder)?.with_fsync(durability == Durability::Disk);
        Ok(Self {
            store: Arc::new(store),
            place: Place::Folder(folder.into()),
            pins,
            held: Arc::default(),
            chores: Chores::new(),
        })
    }

    /// Blobs in a store, below `path`, which is nobody else's.
    pub(super) fn remote(store: Arc<dyn ObjectStore>, path: StorePath, pins: Arc<Pins>) -> Self {
        Self {
            store,
            place: Place::Remote(path),
            pins,
            held: Arc::default(),
            chores: Chores::new(),
        }
    }

    fn path(&self, blob: &str) -> StorePath {
        match &self.place {
            Place::Folder(_) => StorePath::from(blob),
            Place::Remote(path) => path.clone().join(blob),
        }
    }

    pub(super) fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }

    /// Deletes blobs that nothing names any more, as soon as nobody reads them. What fails is left to the next sweep.
    pub(super) fn discard(&self, blobs: Vec<String>) {
        let blobs = self.pins.doom(blobs);
        if blobs.is_empty() {
            return;
        }
        let this = self.clone();
        // Nobody waits for it.
        let _chore = self.chores.begin(async move {
            for blob in blobs {
                let _ = this.store.delete(&this.path(&blob)).await;
            }
        });
    }

    /// Does other work on the bucket that [`settled`](Self::settled) waits for.
    pub(super) async fn chore<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, R2Error> {
        self.chores.begin(work).done().await
    }

    /// Waits until everything that was discarded or given up is gone, and nothing is on its way.
    pub(super) async fn settled(&self) {
        self.chores.settled().await;
    }

    /// Deletes everything but the blobs in `named`: what a process that was killed has left.
    pub(super) async fn sweep(&self, named: HashSet<String>) -> Result<(), R2Error> {
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                // The store does not list the files that it had begun to write.
                let swept = tokio::task::spawn_blocking(move || sweep_folder(&folder, &named));
                Ok(swept.await.map_err(std::io::Error::other)??)
            }
            Place::Remote(path) => {
                let mut found = self.store.list(Some(path));
                while let Some(found) = found.try_next().await? {
                    let is_named = found
                        .location
                        .filename()
                        .is_some_and(|name| named.contains(name));
                    if !is_named {
                        self.store.delete(&found.location).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn sweep_folder(folder: &Path, named: &HashSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_named = name.to_str().is_some_and(|name| named.contains(name));
        if !is_named && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
