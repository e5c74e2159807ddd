//! The reader of an object's bytes.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::{GetOptions, GetRange, GetResultPayload};

use super::pins::Pin;
use super::{Blobs, Segment};
use crate::checksum::Crc32c;
use crate::error::{Code, R2Error};

/// Bytes of one read from a file.
const READ_BYTES: u64 = 256 * 1024;

/// Reads a range of an object. The bytes stay the same if the object is replaced meanwhile.
pub(crate) struct Reader {
    blobs: Blobs,
    rest: VecDeque<(String, Range<u64>)>,
    open: Option<OpenBlob>,
    /// Bytes of the range that have not been read.
    left: u64,
    verification: Option<Verification>,
    _pin: Pin,
}

/// The checksum that the bytes must have, and the checksum of those that were read.
struct Verification {
    expected: u32,
    read: Crc32c,
}

/// A blob that is being read.
enum OpenBlob {
    File { file: Arc<File>, rest: Range<u64> },
    Stream(BoxStream<'static, object_store::Result<Bytes>>),
}

/// The reason that a blob cannot be read.
pub(crate) enum ReadError {
    /// The blob is missing: the object was replaced meanwhile, or the blob is lost.
    Missing(String),
    Failed(R2Error),
}

impl Reader {
    /// Opens the blob with the first byte of the range.
    pub(crate) async fn open(
        blobs: Blobs,
        segments: &[Segment],
        range: Range<u64>,
        pin: Pin,
    ) -> Result<Self, ReadError> {
        let mut reader = Self {
            blobs,
            left: range.end - range.start,
            rest: pieces(segments, &range),
            open: None,
            verification: None,
            _pin: pin,
        };
        reader.open_next().await?;
        Ok(reader)
    }

    /// Verifies the range: the last bytes are returned only if the whole range has this checksum.
    pub(crate) fn with_crc32c(mut self, crc32c: u32) -> Self {
        self.verification = Some(Verification {
            expected: crc32c,
            read: Crc32c::default(),
        });
        self
    }

    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, R2Error> {
        let next = self.read().await?;
        let count = next.as_ref().map(|bytes| bytes.len() as u64);
        match self.left.checked_sub(count.unwrap_or_default()) {
            Some(left) if left == 0 || next.is_some() => self.left = left,
            // A store may end a response early or late without an error.
            _ => return Err(R2Error::altered("the object")),
        }
        if let (Some(bytes), Some(verification)) = (&next, &mut self.verification) {
            verification.read.update(bytes);
            if self.left == 0 && verification.read.value() != verification.expected {
                return Err(R2Error::altered("the object"));
            }
        }
        Ok(next)
    }

    async fn read(&mut self) -> Result<Option<Bytes>, R2Error> {
        loop {
            let Some(open) = &mut self.open else {
                return Ok(None);
            };
            if let Some(bytes) = open.next().await? {
                return Ok(Some(bytes));
            }
            match self.open_next().await {
                Ok(()) => {}
                Err(ReadError::Missing(blob)) => return Err(R2Error::missing_blob(&blob)),
                Err(ReadError::Failed(error)) => return Err(error),
            }
        }
    }

    async fn open_next(&mut self) -> Result<(), ReadError> {
        self.open = match self.rest.pop_front() {
            Some((blob, range)) => Some(self.blobs.open(&blob, range).await?),
            None => None,
        };
        Ok(())
    }
}

/// The blobs of a range of an object, each with the range inside the blob.
fn pieces(segments: &[Segment], range: &Range<u64>) -> VecDeque<(String, Range<u64>)> {
    let mut pieces = VecDeque::new();
    let mut start = 0;
    for Segment { blob, size, .. } in segments {
        let wanted = range.start.max(start)..range.end.min(start + size);
        if !wanted.is_empty() {
            pieces.push_back((blob.clone(), wanted.start - start..wanted.end - start));
        }
        start += size;
    }
    pieces
}

impl Blobs {
    async fn open(&self, blob: &str, range: Range<u64>) -> Result<OpenBlob, ReadError> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            ..GetOptions::default()
        };
        match self.store.get_opts(&self.path(blob), options).await {
            Ok(found) if found.range != range => Err(ReadError::Failed(R2Error::new(
                Code::Internal,
                format!("blob {blob} is shorter than it was when it was written"),
            ))),
            Ok(found) => Ok(match found.payload {
                GetResultPayload::File(file, _) => OpenBlob::File {
                    file: Arc::new(file),
                    rest: range,
                },
                GetResultPayload::Stream(stream) => OpenBlob::Stream(stream),
            }),
            Err(object_store::Error::NotFound { .. }) => Err(ReadError::Missing(blob.to_owned())),
            Err(error) => Err(ReadError::Failed(error.into())),
        }
    }
}

impl OpenBlob {
    async fn next(&mut self) -> Result<Option<Bytes>, R2Error> {
        match self {
            Self::Stream(stream) => Ok(stream.next().await.transpose()?),
            Self::File { file, rest } => {
                let count = (rest.end - rest.start).min(READ_BYTES);
                if count == 0 {
                    return Ok(None);
                }
                let (file, at) = (file.clone(), rest.start);
                let read = tokio::task::spawn_blocking(move || read_at(&file, at, count));
                let bytes = read.await.map_err(std::io::Error::other)??;
                rest.start += count;
                Ok(Some(bytes))
            }
        }
    }
}

fn read_at(file: &File, at: u64, count: u64) -> std::io::Result<Bytes> {
    let count = usize::try_from(count).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::StreamExt as _;

    use super::super::blocks::Blocks;
    use super::super::pins::Pin;
    use super::super::run::RunLock;
    use super::super::{BlobUsers, Blobs};
    use super::{OpenBlob, Reader, Segment, pieces};
    use safelight_config::Durability;

    /// A reader of five bytes, in a store that sends `sent`.
    fn reader(folder: &std::path::Path, sent: &'static [&'static str]) -> Reader {
        let used = BlobUsers {
            pins: std::sync::Arc::default(),
            run: RunLock::acquire(folder.join("runs")).unwrap(),
        };
        let blobs = Blobs::in_folder(folder.join("blobs"), Durability::Process, used).unwrap();
        let pieces = sent
            .iter()
            .map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        Reader {
            rest: std::collections::VecDeque::new(),
            open: Some(OpenBlob::Stream(futures_util::stream::iter(pieces).boxed())),
            left: 5,
            verification: None,
            _pin: Pin::new(blobs.clone(), Vec::new()),
            blobs,
        }
    }

    async fn read(mut reader: Reader) -> Result<Vec<u8>, String> {
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await.map_err(|error| error.to_string())? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn a_store_that_ends_early_or_late_without_an_error_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let verification = crate::checksum::crc32c(b"abcde");
        for sent in [&["ab", "cde"][..], &["ab", "cd"], &[], &["abc", "def"]] {
            let is_whole = sent.concat() == "abcde";
            for read in [
                read(reader(folder.path(), sent)).await,
                read(reader(folder.path(), sent).with_crc32c(verification)).await,
            ] {
                match is_whole {
                    true => assert_eq!(read.as_deref(), Ok(&b"abcde"[..])),
                    false => assert!(read.unwrap_err().contains("altered"), "{sent:?}"),
                }
            }
        }
    }

    #[test]
    fn a_range_is_found_in_the_blobs_that_it_spans() {
        let segments = || {
            [("a", 3), ("b", 4), ("c", 5)].map(|(blob, size)| Segment {
                blob: blob.into(),
                size,
                crc32c: 0,
                blocks: Blocks::default(),
            })
        };
        let pieces_in = |range| Vec::from(pieces(&segments(), &range));
        assert_eq!(
            pieces_in(0..12),
            [("a".into(), 0..3), ("b".into(), 0..4), ("c".into(), 0..5)]
        );
        assert_eq!(
            pieces_in(2..8),
            [("a".into(), 2..3), ("b".into(), 0..4), ("c".into(), 0..1)]
        );
        assert_eq!(pieces_in(3..7), [("b".into(), 0..4)]);
        assert_eq!(pieces_in(4..4), []);
    }
}
