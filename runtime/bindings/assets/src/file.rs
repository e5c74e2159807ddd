//! A part of a file as a body, streamed from the disk.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt, ReadBuf};
use wasmtime_wasi_http::{Error, WasiBody};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// `length` bytes of a file from `start` on. A file that ends before is an error of the body.
///
/// # Errors
/// When the file cannot be read from there.
pub(super) async fn body(file: std::fs::File, start: u64, length: u64) -> io::Result<WasiBody> {
    let mut file = File::from_std(file);
    file.set_max_buf_size(PIECE);
    file.seek(io::SeekFrom::Start(start)).await?;
    Ok(FileBody { file, left: length }.boxed_unsync())
}

struct FileBody {
    file: File,
    left: u64,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = BytesMut::zeroed(wanted);
        let mut buffer = ReadBuf::new(&mut piece);
        let read = std::task::ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer));
        let filled = buffer.filled().len();
        let failed = |what: String| Poll::Ready(Some(Err(Error::InternalError(Some(what)))));
        match read {
            Ok(()) if filled == 0 => {
                self.left = 0;
                failed("the file became shorter while it was read".into())
            }
            Ok(()) => {
                piece.truncate(filled);
                self.left -= filled as u64;
                Poll::Ready(Some(Ok(Frame::data(piece.freeze()))))
            }
            Err(error) => {
                self.left = 0;
                failed(format!("the file cannot be read: {error}"))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use http_body_util::BodyExt;

    use super::body;

    async fn read(start: u64, length: u64) -> Result<Vec<u8>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let file = fs::File::open(&path).unwrap();
        let body = body(file, start, length).await.unwrap();
        match body.collect().await {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[tokio::test]
    async fn a_part_of_a_file_is_exactly_that_part() {
        let whole = read(0, 200_000).await.unwrap();
        assert_eq!(whole.len(), 200_000);
        assert_eq!(read(70_000, 100_000).await.unwrap(), whole[70_000..170_000]);
        assert!(read(5, 0).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_that_ends_too_early_breaks_its_body() {
        let error = read(0, 200_001).await.unwrap_err();
        assert!(error.contains("became shorter"), "{error}");
    }
}
