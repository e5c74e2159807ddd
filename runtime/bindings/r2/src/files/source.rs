//! A local file, or standard input, as the value of a `put`.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use safelight_hop::HopError;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, stdin};
use tokio::sync::oneshot;

use crate::limits::MAX_VALUE_BYTES;
use crate::request_body::RequestBody;

/// Bytes of one read from a file.
const READ_BYTES: usize = 256 * 1024;

/// An open file, and its length when it was opened.
pub struct Source {
    file: File,
    length: u64,
}

impl Source {
    /// Opens a regular file.
    ///
    /// # Errors
    /// Fails when the file cannot be read, or is no regular file.
    pub async fn from_file(path: &Path) -> io::Result<Self> {
        // The kind is read first, because opening a pipe waits for its writer.
        if !fs::metadata(path).await?.is_file() {
            let text =
                "it is no regular file; what has no length is taken from standard input, as `-`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let file = File::open(path).await?;
        let length = file.metadata().await?.len();
        Ok(Self { file, length })
    }

    /// Reads standard input to its end into a file without a name, because a request states the length of its value.
    ///
    /// # Errors
    /// Fails when standard input cannot be read, or the disk is full.
    pub async fn from_stdin() -> io::Result<Self> {
        let mut file = File::from_std(tempfile::tempfile()?);
        // One byte above the maximum, so that the bucket refuses the value.
        let mut input = stdin().take(MAX_VALUE_BYTES + 1);
        let length = tokio::io::copy(&mut input, &mut file).await?;
        file.rewind().await?;
        Ok(Self { file, length })
    }

    /// The value, and the error of the file if reading it fails.
    pub(super) fn upload(self) -> (RequestBody, oneshot::Receiver<io::Error>) {
        let (failed, failure) = oneshot::channel();
        let length = self.length;
        let bytes = stream::unfold(Some((self, failed)), |state| async move {
            let (mut source, failed) = state?;
            match source.next().await {
                Ok(bytes) if bytes.is_empty() => None,
                Ok(bytes) => Some((Ok(Frame::data(bytes)), Some((source, failed)))),
                Err(error) => {
                    let text = error.to_string();
                    // The receiver may be gone: then the error is of no use.
                    let _ = failed.send(error);
                    Some((Err(HopError::Service(text)), None))
                }
            }
        });
        let body = StreamBody::new(bytes).boxed_unsync();
        (RequestBody::new(body, length), failure)
    }

    /// The next bytes; none at the end. A file with another length than at its opening is an error.
    async fn next(&mut self) -> io::Result<Bytes> {
        let mut bytes = Vec::with_capacity(READ_BYTES);
        let count = self.file.read_buf(&mut bytes).await? as u64;
        let is_changed = match count {
            0 => self.length > 0,
            count => count > self.length,
        };
        if is_changed {
            let text = "it changed its length while it was read";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.length -= count;
        Ok(bytes.into())
    }
}
