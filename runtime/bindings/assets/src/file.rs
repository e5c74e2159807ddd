//! A part of a file as a body, streamed from the disk.

use std::io;

use futures_util::StreamExt as _;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use safelight_hop::body::SizedBody;
use safelight_hop::{Body, HopError};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Bytes of one read.
const PIECE_BYTES: usize = 64 * 1024;

/// A body of `length` bytes of a file from `start` on. A file that ends earlier is an error of the body.
///
/// # Errors
/// Fails when the file cannot be positioned at `start`.
pub(super) async fn body(file: std::fs::File, start: u64, length: u64) -> io::Result<Body> {
    let mut file = File::from_std(file);
    file.set_max_buf_size(PIECE_BYTES);
    file.seek(io::SeekFrom::Start(start)).await?;
    let pieces = ReaderStream::with_capacity(file.take(length), PIECE_BYTES).map(|piece| {
        let unreadable = |error| HopError::Service(format!("the file cannot be read: {error}"));
        piece.map(Frame::data).map_err(unreadable)
    });
    Ok(SizedBody::new(StreamBody::new(pieces).boxed_unsync(), length).boxed_unsync())
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
        assert_eq!(error, "its source ended 1 bytes too early");
    }
}
