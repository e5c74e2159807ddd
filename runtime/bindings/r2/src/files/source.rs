//! The bytes of a local file, or of standard input, as the value of a `put`.

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

use super::Progress;
use crate::limits::VALUE_BYTES;
use crate::upload::Upload;

/// Bytes that are read from a file at once.
const STEP: usize = 256 * 1024;

/// An open file, and how many bytes it had then.
pub struct Source {
    file: File,
    length: u64,
}

impl Source {
    /// # Errors
    /// When the file cannot be read, or is none that has a length.
    pub async fn of_file(path: &Path) -> io::Result<Self> {
        // Asked first, because opening a pipe waits for its writer.
        if !fs::metadata(path).await?.is_file() {
            let text =
                "it is no regular file; what has no length is taken from standard input, as `-`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let file = File::open(path).await?;
        let length = file.metadata().await?.len();
        Ok(Self { file, length })
    }

    /// All of standard input, by way of a file that has no name: a value's length is told before the value.
    ///
    /// # Errors
    /// When it cannot be read, or there is no room for it.
    pub async fn of_input() -> io::Result<Self> {
        let mut file = File::from_std(tempfile::tempfile()?);
        // One more than a bucket takes, so that it is refused there, and no more than that.
        let mut input = stdin().take(VALUE_BYTES + 1);
        let length = tokio::io::copy(&mut input, &mut file).await?;
        file.rewind().await?;
        Ok(Self { file, length })
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The value, and the error of the file if that is how the value ends.
    pub(super) fn upload(self, progress: impl Progress) -> (Upload, oneshot::Receiver<io::Error>) {
        let (failed, failure) = oneshot::channel();
        let length = self.length;
        let bytes = stream::unfold(Some((self, failed)), move |state| {
            let progress = progress.clone();
            async move {
                let (mut source, failed) = state?;
                match source.next().await {
                    Ok(bytes) if bytes.is_empty() => None,
                    Ok(bytes) => {
                        progress(bytes.len() as u64);
                        Some((Ok(Frame::data(bytes)), Some((source, failed))))
                    }
                    Err(error) => {
                        let text = error.to_string();
                        // It waits there until it is asked for.
                        let _ = failed.send(error);
                        Some((Err(HopError::Service(text)), None))
                    }
                }
            }
        });
        (
            Upload::new(StreamBody::new(bytes).boxed_unsync(), length),
            failure,
        )
    }

    /// The next bytes; none at the end, which is where it was when the file was opened.
    async fn next(&mut self) -> io::Result<Bytes> {
        let mut bytes = Vec::with_capacity(STEP);
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
