//! Objects to and from files, for the command line.

mod source;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::bucket::{Bucket, Got};
use super::error::R2Error;
use super::index::objects::{self, After};
use super::index::transact;
use super::key::Key;
use super::metadata::{HttpFields, ObjectMetadata, StorageClass};
use super::range::Wanted;
use super::request::{Get, Put};

pub use source::Source;

/// Objects that are listed at once.
const ROWS: usize = 1000;

/// Told how many bytes more have passed.
pub trait Progress: Fn(u64) + Clone + Send + 'static {}

impl<P: Fn(u64) + Clone + Send + 'static> Progress for P {}

/// What a list shows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    pub size: u64,
}

/// Why an object and a file did not become the same.
#[derive(Debug)]
pub enum TransferError {
    /// What is on this side: the file cannot be read or written.
    File(std::io::Error),
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
    /// Stores the bytes of a file. Returns how many there are.
    ///
    /// # Errors
    /// As the service; and when the file cannot be read.
    pub async fn put_file(
        &self,
        key: &str,
        source: Source,
        content_type: Option<String>,
        progress: impl Progress,
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
        let (mut value, mut failure) = source.upload(progress);
        match self.put(put, &mut value).await {
            Ok(object) => Ok(object.size),
            // What the bucket has to say of a file that ended in an error is not the cause.
            Err(error) => Err(failure
                .try_recv()
                .map_or(TransferError::Bucket(error), TransferError::File)),
        }
    }

    /// Writes an object's bytes, after `begun` was told how many there are.
    ///
    /// # Errors
    /// As the service; and when they cannot be written, or are not those that were stored.
    pub async fn get_into(
        &self,
        key: &str,
        mut into: impl AsyncWrite + Unpin,
        begun: impl FnOnce(u64),
        progress: impl Progress,
    ) -> Result<(), TransferError> {
        let get = Get {
            key: Key::new(key.to_owned())?,
            wanted: Wanted::Whole,
            condition: None,
        };
        let found = match self.get(get).await? {
            Got::Object(found) => found,
            // There is no condition.
            Got::Refused(_) => return Err(R2Error::precondition_failed().into()),
        };
        let size = found.object.size;
        begun(size);
        let proof = found.crc32c(0);
        let mut reader = found.reader.proved(proof);
        while let Some(bytes) = reader.next().await? {
            into.write_all(&bytes).await?;
            progress(bytes.len() as u64);
        }
        into.flush().await?;
        Ok(())
    }

    /// The next objects whose keys begin with `prefix`, behind the one of key `after`; none at the end.
    ///
    /// # Errors
    /// As the service.
    pub async fn rows(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Row>, R2Error> {
        let prefix = prefix.to_owned();
        let after = match after {
            Some(key) => After::Key(key.as_bytes().to_vec()),
            None => After::From(prefix.as_bytes().to_vec()),
        };
        let rows = self.index.run(move |index| {
            let mut rows = Vec::new();
            objects::scan(index, &after, ROWS, |object| {
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
    /// As the service.
    pub async fn delete_one(&self, key: &str) -> Result<bool, R2Error> {
        let key = Key::new(key.to_owned())?;
        let blobs = self.blobs.releasing();
        let done = self.index.run(move |index| {
            let (there, released) = transact(index, |index| {
                let there = objects::get(index, &key)?.is_some();
                Ok((there, objects::remove(index, key.as_bytes())?))
            })?;
            blobs.discard(released);
            Ok(there)
        });
        done.await
    }
}
