//! The bytes of a bucket: blobs under generated names, written once and never changed.
//!
//! A key never becomes a path. A blob is complete before a row names it. It is deleted when no row names it and no
//! reader reads it.

pub(super) mod blocks;
pub(super) mod pins;
pub(super) mod reader;
pub(super) mod run;
mod sweep;
mod tasks;
pub(super) mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use safelight_config::Durability;
use safelight_state::private;

use super::error::R2Error;
use blocks::Blocks;
use pins::Pins;
use run::RunLock;
use tasks::{BackgroundTasks, TaskGuard};

/// Bytes of one write to a file.
const FILE_WRITE_BYTES: usize = 512 * 1024;
/// Bytes of one blob in a store that takes a blob only as a whole. A value holds as many in memory.
const REMOTE_BLOB_BYTES: usize = 8 * 1024 * 1024;
/// Bytes that all writers of a bucket hold in memory before they write smaller pieces.
const MAX_BUFFERED_BYTES: usize = 64 * 1024 * 1024;

/// A blob, as the index names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) blob: String,
    pub(super) size: u64,
    pub(super) crc32c: u32,
    pub(super) blocks: Blocks,
}

/// The blobs of a bucket.
#[derive(Clone)]
pub(super) struct Blobs {
    store: Arc<dyn ObjectStore>,
    location: Location,
    /// The pins of the index that names the blobs.
    pins: Arc<Pins>,
    run: Arc<RunLock>,
    /// Whether this run failed to delete a blob. Its lock file then stays for the next sweep.
    unclean: Arc<AtomicBool>,
    /// Bytes that all writers hold in memory.
    buffered: Arc<AtomicUsize>,
    tasks: BackgroundTasks,
}

/// The users of the blobs: the readers of this process, and this run of the program.
pub(super) struct BlobUsers {
    pub(super) pins: Arc<Pins>,
    pub(super) run: RunLock,
}

/// Counts a transaction that releases blobs as a background task until it discards them. The transaction ends even if
/// its caller is dropped.
pub(super) struct ReleaseGuard {
    blobs: Blobs,
    _guard: TaskGuard,
}

impl ReleaseGuard {
    /// Deletes the released blobs.
    pub(super) fn discard(self, blobs: Vec<String>) {
        self.blobs.discard(blobs);
    }
}

#[derive(Clone)]
enum Location {
    /// A folder, with a file for each value.
    Folder(Arc<Path>),
    /// A path in another machine's store, with a value in several blobs, each complete or absent.
    Remote(StorePath),
}

impl Blobs {
    /// Opens the blobs in a folder, which is made if it is missing.
    pub(super) fn in_folder(
        folder: PathBuf,
        durability: Durability,
        used: BlobUsers,
    ) -> Result<Self, R2Error> {
        private::create_folder(&folder)?;
        let store =
            LocalFileSystem::new_with_prefix(&folder)?.with_fsync(durability == Durability::Disk);
        Ok(Self::new(
            Arc::new(store),
            Location::Folder(folder.into()),
            used,
        ))
    }

    /// Opens the blobs in a store below `path`, which no other bucket uses.
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

    /// Closes the file of a blob to other users, who cannot read its folder either.
    fn close_to_others(&self, blob: &str) -> Result<(), R2Error> {
        match &self.location {
            Location::Folder(folder) => Ok(private::close_file(&folder.join(blob))?),
            Location::Remote(_) => Ok(()),
        }
    }

    pub(super) fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }

    /// The guard of a transaction that releases blobs. [`settled`](Self::settled) waits for the transaction and for the
    /// deletion.
    pub(super) fn release_guard(&self) -> ReleaseGuard {
        ReleaseGuard {
            blobs: self.clone(),
            _guard: self.tasks.guard(),
        }
    }

    /// Deletes blobs that no row names, in the background, each when its last reader has ended. The next sweep deletes
    /// a blob that cannot be deleted now.
    pub(super) fn discard(&self, blobs: Vec<String>) {
        let blobs = self.pins.mark_for_deletion(blobs);
        if blobs.is_empty() {
            return;
        }
        let this = self.clone();
        // The task goes on when its handle is dropped.
        let _task = self.tasks.spawn(async move {
            for blob in blobs {
                if this.delete(&blob).await.is_err() {
                    this.mark_unclean();
                }
            }
        });
    }

    /// Runs other work on the bucket, which [`settled`](Self::settled) waits for.
    pub(super) async fn run_in_background<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, R2Error> {
        self.tasks.spawn(work).join().await
    }

    /// Waits until no background task runs: discarded blobs are deleted, and no value is being written.
    pub(super) async fn settled(&self) {
        self.tasks.settled().await;
    }

    /// Leaves the deletion of a blob to the next sweep.
    fn mark_unclean(&self) {
        self.unclean.store(true, Ordering::Relaxed);
    }

    /// Deletes a blob. A missing blob is no error: another process may have deleted it.
    async fn delete(&self, blob: &str) -> Result<(), R2Error> {
        match self.store.delete(&self.path(blob)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until no background task runs. Releases this run's lock if it leaves no blob behind.
    pub(super) async fn close(&self) -> Result<(), R2Error> {
        self.settled().await;
        // A reader deletes its marked blobs at its end, if the program does not end before.
        match self.unclean.load(Ordering::Relaxed) || self.pins.has_marked() {
            true => Ok(()),
            false => Ok(self.run.release()?),
        }
    }
}
