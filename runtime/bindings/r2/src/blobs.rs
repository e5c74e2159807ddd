//! The bytes of a bucket: blobs under names of our own, written once and never changed.
//!
//! A key never becomes a path. A blob is whole when its name is told, and lives until no row names it and nobody reads it.

pub(super) mod blocks;
pub(super) mod pins;
pub(super) mod reader;
pub(super) mod run;
mod tasks;
pub(super) mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use safelight_config::Durability;

use super::error::R2Error;
use blocks::Blocks;
use pins::Pins;
use run::{LiveRuns, RunLock, StaleRun};
use tasks::{BackgroundTasks, TaskGuard};

/// Bytes that are handed to a file at once.
const FILE_WRITE_BYTES: usize = 512 * 1024;
/// Bytes of one blob in a store that takes blobs only whole. So much of a value is held in memory.
const REMOTE_BLOB_BYTES: usize = 8 * 1024 * 1024;
/// Bytes that all values on their way into a bucket may hold in memory before they go on in smaller steps.
const MAX_BUFFERED_BYTES: usize = 64 * 1024 * 1024;

/// A blob, as the index names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) blob: String,
    pub(super) size: u64,
    pub(super) crc32c: u32,
    pub(super) blocks: Blocks,
}

/// Where a bucket's blobs are.
#[derive(Clone)]
pub(super) struct Blobs {
    store: Arc<dyn ObjectStore>,
    location: Location,
    /// Those of the index that names them.
    pins: Arc<Pins>,
    run: Arc<RunLock>,
    /// Whether this run could not delete something, so that it does not say that it leaves nothing.
    unclean: Arc<AtomicBool>,
    /// Bytes in memory, of all values on their way here.
    buffered: Arc<AtomicUsize>,
    tasks: BackgroundTasks,
}

/// Who uses the blobs: the readers of this process, and this run of the program.
pub(super) struct BlobUsers {
    pub(super) pins: Arc<Pins>,
    pub(super) run: RunLock,
}

/// Work that has rows name some blobs no more. If nobody waits for it any more, it is done all the same.
pub(super) struct ReleaseGuard {
    blobs: Blobs,
    _guard: TaskGuard,
}

impl ReleaseGuard {
    /// Deletes what was released.
    pub(super) fn discard(self, blobs: Vec<String>) {
        self.blobs.discard(blobs);
    }
}

#[derive(Clone)]
enum Location {
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
        used: BlobUsers,
    ) -> Result<Self, R2Error> {
        std::fs::create_dir_all(&folder)?;
        let store =
            LocalFileSystem::new_with_prefix(&folder)?.with_fsync(durability == Durability::Disk);
        Ok(Self::new(
            Arc::new(store),
            Location::Folder(folder.into()),
            used,
        ))
    }

    /// Blobs in a store, below `path`, which is nobody else's.
    pub(super) fn remote(store: Arc<dyn ObjectStore>, path: StorePath, used: BlobUsers) -> Self {
        Self::new(store, Location::Remote(path), used)
    }

    fn new(store: Arc<dyn ObjectStore>, location: Location, used: BlobUsers) -> Self {
        Self {
            store,
            location,
            pins: used.pins,
            run: Arc::new(used.run),
            unclean: Arc::default(),
            buffered: Arc::default(),
            tasks: BackgroundTasks::new(),
        }
    }

    fn path(&self, blob: &str) -> StorePath {
        match &self.location {
            Location::Folder(_) => StorePath::from(blob),
            Location::Remote(path) => path.clone().join(blob),
        }
    }

    pub(super) fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }

    /// For work that releases blobs, to be begun before it: [`settled`](Self::settled) waits for both.
    pub(super) fn release_guard(&self) -> ReleaseGuard {
        ReleaseGuard {
            blobs: self.clone(),
            _guard: self.tasks.guard(),
        }
    }

    /// Deletes blobs that nothing names any more, as soon as nobody reads them. What fails is left to the next sweep.
    pub(super) fn discard(&self, blobs: Vec<String>) {
        let blobs = self.pins.mark_for_deletion(blobs);
        if blobs.is_empty() {
            return;
        }
        let this = self.clone();
        // Nobody waits for it.
        let _task = self.tasks.spawn(async move {
            for blob in blobs {
                if this.delete(&blob).await.is_err() {
                    this.mark_unclean();
                }
            }
        });
    }

    /// Does other work on the bucket that [`settled`](Self::settled) waits for.
    pub(super) async fn run_in_background<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, R2Error> {
        self.tasks.spawn(work).join().await
    }

    /// Waits until everything that was discarded or given up is gone, and nothing is on its way.
    pub(super) async fn settled(&self) {
        self.tasks.settled().await;
    }

    /// Something of this run stays, for the next sweep.
    fn mark_unclean(&self) {
        self.unclean.store(true, Ordering::Relaxed);
    }

    /// Deletes a blob that another one may have deleted before.
    async fn delete(&self, blob: &str) -> Result<(), R2Error> {
        match self.store.delete(&self.path(blob)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The runs of the program that have ended, and may have left something.
    pub(super) fn stale_runs(&self) -> Result<Vec<StaleRun>, R2Error> {
        Ok(self.run.stale_runs()?)
    }

    /// The runs of the program that go on, with this one.
    pub(super) fn live_runs(&self, stale: &[StaleRun]) -> Result<LiveRuns, R2Error> {
        Ok(self.run.live_runs(stale)?)
    }

    /// Waits until nothing is under way, and says that nothing is left of this run, if that is so.
    pub(super) async fn close(&self) -> Result<(), R2Error> {
        self.settled().await;
        // Who still reads deletes what he has read, if the program does not end before.
        match self.unclean.load(Ordering::Relaxed) || self.pins.has_marked() {
            true => Ok(()),
            false => Ok(self.run.release()?),
        }
    }

    /// All blobs, with those that are not whole.
    pub(super) async fn list(&self) -> Result<Vec<String>, R2Error> {
        match &self.location {
            Location::Folder(folder) => {
                let folder = folder.clone();
                // The store does not list the files that it had begun to write.
                let names = tokio::task::spawn_blocking(move || names(&folder));
                Ok(names.await.map_err(std::io::Error::other)??)
            }
            Location::Remote(path) => {
                let mut names = Vec::new();
                let mut found = self.store.list(Some(path));
                while let Some(found) = found.try_next().await? {
                    names.extend(found.location.filename().map(str::to_owned));
                }
                Ok(names)
            }
        }
    }

    /// Deletes blobs, and waits for it. Returns whether all are gone, and none is still read here.
    pub(super) async fn remove(&self, blobs: Vec<String>) -> Result<bool, R2Error> {
        let count = blobs.len();
        let blobs = self.pins.mark_for_deletion(blobs);
        let all = blobs.len() == count;
        match &self.location {
            Location::Folder(folder) => {
                let folder = folder.clone();
                let removed = tokio::task::spawn_blocking(move || {
                    let mut files = blobs.iter().map(|name| folder.join(name));
                    files.try_for_each(|file| run::remove(&file))
                });
                removed.await.map_err(std::io::Error::other)??;
            }
            Location::Remote(_) => {
                for blob in blobs {
                    self.delete(&blob).await?;
                }
            }
        }
        Ok(all)
    }
}

/// The files of a folder. What is no text is no name of ours.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.file_type()?.is_file()
        {
            names.push(name);
        }
    }
    Ok(names)
}
