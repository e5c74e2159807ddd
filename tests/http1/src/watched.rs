//! A stream that passes everything on and records whether it is shut down after it has refused bytes, which must never happen.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The observations at the server's end of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes {
    /// Bytes that the server has read.
    pub(crate) read: usize,
    /// Bytes that the transport has accepted from the server.
    pub(crate) written: usize,
    /// Whether the transport ever refused bytes, so that the server had to buffer them.
    pub(crate) refused: bool,
    /// Whether the last write was refused.
    pub(crate) owing: bool,
    /// Whether the server shut the stream down while it still had bytes to write.
    pub(crate) cut: bool,
}

/// Whether the stream offers vectored writes, which lead hyper to another kind of buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    Vectored,
    Flat,
}

pub(crate) struct Watched<T> {
    pub(crate) stream: T,
    pub(crate) writes: Writes,
    pub(crate) notes: Arc<Mutex<Notes>>,
}

impl<T> Watched<T> {
    fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes.lock().unwrap());
    }

    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        self.note(|notes| match result {
            Poll::Ready(Ok(taken)) => {
                notes.written += taken;
                notes.owing = false;
            }
            Poll::Ready(Err(_)) => notes.owing = false,
            Poll::Pending => {
                notes.refused = true;
                notes.owing = true;
            }
        });
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.note(|notes| notes.read += buf.filled().len() - before);
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, data);
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.writes == Writes::Vectored && self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.note(|notes| notes.cut |= notes.owing);
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
