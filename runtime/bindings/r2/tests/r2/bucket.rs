//! A bucket of a test: a client of its wire, and a look at its files.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use safelight_config::Storage;
use safelight_hop::{Body, HopError};
use tempfile::TempDir;

use crate::client::{Client, Reply};
use crate::moto;

pub(crate) struct TestBucket {
    client: Client,
    /// The file of its index.
    pub(crate) index: PathBuf,
    blobs: PathBuf,
    folder: Option<TempDir>,
}

impl Deref for TestBucket {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Reply {
    /// The error's number, or 0.
    pub(crate) fn code(&self) -> u64 {
        self.error["v4code"].as_u64().unwrap_or_default()
    }

    /// Returns whether the answer's digest is that of its bytes.
    pub(crate) fn has_right_digest(&self) -> bool {
        let digest = &self.headers["repr-digest"];
        digest.to_str().unwrap() == safelight_protocol::digest::value(crc32c::crc32c(&self.body))
    }
}

impl TestBucket {
    pub(crate) async fn in_a_folder() -> Self {
        Self::open(tempfile::tempdir().unwrap(), Storage::default()).await
    }

    pub(crate) async fn in_a_store() -> Self {
        let storage = Storage {
            s3: Some(moto::store().await),
            ..Storage::default()
        };
        Self::open(tempfile::tempdir().unwrap(), storage).await
    }

    pub(crate) async fn open(folder: TempDir, storage: Storage) -> Self {
        let mut bucket = Self::open_at(folder.path(), storage).await;
        bucket.folder = Some(folder);
        bucket
    }

    /// Opens a bucket in a folder that another value removes.
    pub(crate) async fn open_at(folder: &Path, storage: Storage) -> Self {
        let client = Client::open(folder, storage).await;
        Self {
            index: client.folder().join("index.sqlite"),
            blobs: client.folder().join("blobs"),
            client,
            folder: None,
        }
    }

    /// Ends its use as if by a kill, and returns the folder that it was made with.
    pub(crate) fn closed(self) -> TempDir {
        self.folder.unwrap()
    }

    /// Ends its use as a program does that is not killed.
    pub(crate) async fn close(self) {
        self.client.close().await;
    }

    /// The same bucket, in the next run of the program.
    pub(crate) async fn reopened(self) -> Self {
        let storage = self.storage();
        Self::open(self.closed(), storage).await
    }

    pub(crate) fn storage(&self) -> Storage {
        self.client.storage.clone()
    }

    /// The folder of the state.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Waits until no work is under way, and counts the blobs, incomplete ones included.
    pub(crate) async fn blobs(&self) -> usize {
        self.bucket.settled().await;
        match &self.client.storage.s3 {
            Some(s3) => {
                let index = rusqlite::Connection::open(&self.index).unwrap();
                let select = "SELECT value FROM settings WHERE name = 'store'";
                let own: String = index.query_row(select, [], |row| row.get(0)).unwrap();
                moto::count(s3, &own)
            }
            None => std::fs::read_dir(&self.blobs).unwrap().count(),
        }
    }

    /// The number of blobs that the index names.
    pub(crate) fn named(&self) -> usize {
        let index = rusqlite::Connection::open(&self.index).unwrap();
        let count = "SELECT count(*) FROM segments";
        let count = index.query_row(count, [], |row| row.get::<_, i64>(0));
        usize::try_from(count.unwrap()).unwrap()
    }

    /// The file of the only blob in a folder.
    pub(crate) fn only_blob(&self) -> PathBuf {
        let mut blobs = std::fs::read_dir(&self.blobs).unwrap();
        let blob = blobs.next().unwrap().unwrap().path();
        assert!(blobs.next().is_none(), "there are others");
        blob
    }
}

/// A body of these pieces, which breaks off behind them.
pub(crate) fn broken(pieces: Vec<Bytes>) -> Body {
    let frames = pieces
        .into_iter()
        .map(|piece| Ok(http_body::Frame::data(piece)));
    let end = std::iter::once_with(|| Err(HopError::Closed));
    StreamBody::new(futures_util::stream::iter(frames.chain(end))).boxed_unsync()
}

/// A body in pieces, and the number of its bytes that have not been read.
pub(crate) fn counted(content: &[u8]) -> (Body, impl Fn() -> usize + use<>) {
    let unread = Arc::new(AtomicUsize::new(content.len()));
    let left = unread.clone();
    let pieces: Vec<_> = content
        .chunks(100_000)
        .map(Bytes::copy_from_slice)
        .collect();
    let frames = pieces.into_iter().map(move |piece| {
        left.fetch_sub(piece.len(), Ordering::Relaxed);
        Ok(http_body::Frame::data(piece))
    });
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    (body, move || unread.load(Ordering::Relaxed))
}
