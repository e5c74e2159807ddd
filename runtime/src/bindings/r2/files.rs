//! Objects to and from files, for the command line.

use std::path::Path;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use wasmtime_wasi_http::Error;

use super::bucket::{Bucket, Got};
use super::error::R2Error;
use super::index::objects::{self, After};
use super::metadata::{HttpFields, StorageClass};
use super::range::Wanted;
use super::request::{Described, Get, Key, Put};
use super::upload::Upload;

/// Bytes that are read from a file at once.
const STEP: usize = 256 * 1024;

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

impl Bucket {
    /// Stores the bytes of a file. Returns how many there are.
    ///
    /// # Errors
    /// As the service; and when the file cannot be read.
    pub async fn put_file(
        &self,
        key: &str,
        file: &Path,
        content_type: Option<String>,
        progress: impl Progress,
    ) -> Result<u64, R2Error> {
        let key = Key::new(key.to_owned())?;
        let file = File::open(file).await?;
        let length = file.metadata().await?.len();
        let bytes = stream::unfold(Some(file), move |file| {
            let progress = progress.clone();
            async move {
                let mut file = file?;
                let mut bytes = Vec::with_capacity(STEP);
                match file.read_buf(&mut bytes).await {
                    Ok(0) => None,
                    Ok(count) => {
                        progress(count as u64);
                        Some((Ok(Frame::data(Bytes::from(bytes))), Some(file)))
                    }
                    Err(error) => Some((Err(Error::InternalError(Some(error.to_string()))), None)),
                }
            }
        });
        let mut value = Upload::new(StreamBody::new(bytes).boxed_unsync(), length);
        let put = Put {
            key,
            described: Described {
                http: HttpFields {
                    content_type,
                    ..HttpFields::default()
                },
                custom: Vec::new(),
                storage_class: StorageClass::default(),
            },
            condition: None,
            digest: None,
        };
        Ok(self.put(put, &mut value).await?.size)
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
    ) -> Result<(), R2Error> {
        let get = Get {
            key: Key::new(key.to_owned())?,
            wanted: Wanted::Whole,
            condition: None,
        };
        let mut found = match self.get(get).await? {
            Got::Object(found) => found,
            // There is no condition.
            Got::Refused(_) => return Err(R2Error::precondition_failed()),
        };
        begun(found.object.size);
        let mut crc32c = 0;
        while let Some(bytes) = found.reader.next().await? {
            crc32c = crc32c::crc32c_append(crc32c, &bytes);
            into.write_all(&bytes).await?;
            progress(bytes.len() as u64);
        }
        into.flush().await?;
        match crc32c == found.crc32c(0) {
            true => Ok(()),
            false => Err(R2Error::altered(key)),
        }
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

    /// Deletes an object; that there is none is an error here.
    ///
    /// # Errors
    /// As the service.
    pub async fn delete_one(&self, key: &str) -> Result<(), R2Error> {
        let key = Key::new(key.to_owned())?;
        self.head(key.clone()).await?;
        self.delete(vec![key]).await
    }
}
