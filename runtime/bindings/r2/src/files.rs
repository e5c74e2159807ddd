//! Transfers between objects and files, for the command line.

mod source;

use rusqlite::Connection;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::bucket::{Bucket, GetOutcome};
use super::error::R2Error;
use super::index::objects::{self, ScanStart};
use super::key::Key;
use super::metadata::{HttpFields, ObjectMetadata, StorageClass};
use super::range::RangeRequest;
use super::request::{Get, Put};

pub use source::Source;

/// Maximum objects of one list.
const PAGE_ROWS: usize = 1000;

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    pub size: u64,
}

/// The error of a transfer, by its side.
#[derive(Debug)]
pub enum TransferError {
    /// The file cannot be read or written.
    File(std::io::Error),
    /// The bucket failed or refused.
    Bucket(R2Error),
}

impl std::fmt::Display for TransferError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Bucket(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TransferError {}

impl From<std::io::Error> for TransferError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<R2Error> for TransferError {
    fn from(error: R2Error) -> Self {
        Self::Bucket(error)
    }
}

impl Bucket {
    /// Stores the bytes of a file. Returns their number.
    ///
    /// # Errors
    /// Fails as the service does, and when the file cannot be read.
    pub async fn put_file(
        &self,
        key: &str,
        source: Source,
        content_type: Option<String>,
    ) -> Result<u64, TransferError> {
        let put = Put {
            key: Key::new(key.to_owned())?,
            metadata: ObjectMetadata {
                http: HttpFields {
                    content_type,
                    ..HttpFields::default()
                }
                .checked()?,
                custom: Vec::new(),
                storage_class: StorageClass::default(),
            },
            condition: None,
            digest: None,
        };
        let (mut value, mut failure) = source.upload();
        match self.put(put, &mut value).await {
            Ok(object) => Ok(object.size),
            // A file that cannot be read is the cause of the bucket's error.
            Err(error) => Err(failure
                .try_recv()
                .map_or(TransferError::Bucket(error), TransferError::File)),
        }
    }

    /// Writes an object's bytes.
    ///
    /// # Errors
    /// Fails as the service does, when the file cannot be written, and when the bytes were altered.
    pub async fn get_into(
        &self,
        key: &str,
        mut into: impl AsyncWrite + Unpin,
    ) -> Result<(), TransferError> {
        let get = Get {
            key: Key::new(key.to_owned())?,
            range: RangeRequest::Whole,
            condition: None,
        };
        let found = match self.get(get).await? {
            GetOutcome::Found(found) => found,
            // The request has no condition.
            GetOutcome::PreconditionFailed(_) => return Err(R2Error::precondition_failed().into()),
        };
        let crc32c = found.crc32c(0);
        let mut reader = found.reader.with_crc32c(crc32c);
        while let Some(bytes) = reader.next().await? {
            into.write_all(&bytes).await?;
        }
        into.flush().await?;
        Ok(())
    }

    /// The next objects with the prefix, after the key `after`; none at the end.
    ///
    /// # Errors
    /// Fails as the service does.
    pub async fn rows(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Row>, R2Error> {
        let prefix = prefix.to_owned();
        let after = match after {
            Some(key) => ScanStart::Key(key.as_bytes().to_vec()),
            None => ScanStart::From(prefix.as_bytes().to_vec()),
        };
        let rows = self.index.run(move |index| {
            let mut rows = Vec::new();
            objects::scan(index, &after, PAGE_ROWS, |object| {
                let is_meant = object.key.starts_with(&prefix);
                if is_meant {
                    rows.push(Row {
                        key: object.key,
                        size: object.size,
                    });
                }
                is_meant
            })?;
            Ok(rows)
        });
        rows.await
    }

    /// Deletes an object. Returns whether there was one.
    ///
    /// # Errors
    /// Fails as the service does.
    pub async fn delete_one(&self, key: &str) -> Result<bool, R2Error> {
        let key = Key::new(key.to_owned())?;
        let blobs = self.blobs.release_guard();
        let remove = move |index: &Connection| {
            let there = objects::get(index, &key)?.is_some();
            Ok((there, objects::remove(index, key.as_bytes())?))
        };
        let discard = move |(there, released)| {
            blobs.discard(released);
            there
        };
        self.index.delete(remove, discard).await
    }
}
