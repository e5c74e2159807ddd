//! One connection: given up when what we write is not read, and known to be gone when the client closes it.

use std::{
    io::{self, IoSlice},
    os::fd::AsFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::UnixStream,
    time::{Instant, Sleep, sleep_until},
};

use crate::transport::Recorder;

/// A stream whose writes fail once they have made no progress for a while.
///
/// The system lets us write again when most of the socket's buffer has been read, so progress comes in steps
/// of some 100 KB: a reader that needs longer than `stall` for each is as good as none.
///
/// hyper has no write timeout: without this a reader that never reads, or a client that waits for us to read
/// while we wait for it, would keep its connection for ever.
#[derive(Debug)]
pub(crate) struct Progress<S> {
    stream: S,
    stall: Duration,
    /// Runs while a write is pending.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Told of everything that happens, if anybody wants to know.
    recorder: Option<Arc<Recorder>>,
}

impl<S> Progress<S> {
    /// Watches `stream`, allowing pauses up to `stall`.
    pub(crate) fn new(stream: S, stall: Duration, recorder: Option<Arc<Recorder>>) -> Self {
        Self {
            stream,
            stall,
            deadline: None,
            recorder,
        }
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// Passes on what a write came to, which is progress; pending for too long, it becomes an error.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if write.is_ready() {
            self.deadline = None;
        }
        let write = self.unless_stalled(cx, write);
        if let Some(recorder) = &self.recorder {
            recorder.wrote(&write);
        }
        write
    }

    fn unless_stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            return write;
        }
        let stall = self.stall;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + stall)));
        ready!(deadline.as_mut().poll(cx));
        tracing::debug!(?stall, "gave up a connection whose client does not read");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client does not read",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Progress<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(recorder) = &self.recorder
            && room > 0
            && let Poll::Ready(read) = &read
        {
            let bytes = buffer.filled().len() - before;
            recorder.read(read.as_ref().map(|()| bytes));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Progress<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.stream).poll_flush(cx);
        let flush = self.unless_stalled(cx, flush);
        if let Some(recorder) = &self.recorder {
            recorder.flushed(&flush);
        }
        flush
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shutdown = Pin::new(&mut self.stream).poll_shutdown(cx);
        let shutdown = self.unless_stalled(cx, shutdown);
        if let Some(recorder) = &self.recorder {
            recorder.shut_down(&shutdown);
        }
        shutdown
    }
}

impl<S> Drop for Progress<S> {
    fn drop(&mut self) {
        if let Some(recorder) = &self.recorder {
            recorder.closed();
        }
    }
}

/// Tells when a client has closed its connection altogether.
///
/// A client that has only finished writing still reads, so hyper is told to allow that; but then hyper does not
/// look at the socket while a handler works. This looks through a handle of its own, and never reads a byte.
#[derive(Debug)]
pub(crate) struct HangUp(UnixStream);

impl HangUp {
    /// A watch on the connection of `socket`. Takes a descriptor.
    ///
    /// # Errors
    /// When the process may not have another descriptor.
    pub(crate) fn of(socket: impl AsFd) -> io::Result<Self> {
        let handle = socket.as_fd().try_clone_to_owned()?;
        UnixStream::from_std(handle.into()).map(Self)
    }

    /// Waits until the client is gone; for ever if it stays.
    pub(crate) async fn wait(&self) {
        // A closed socket is always reported beside whatever one asks for.
        // Without a runtime to report it there is nobody to serve either.
        while let Ok(ready) = self.0.ready(Interest::WRITABLE).await {
            if ready.is_write_closed() {
                return;
            }
            // Says that this handle is not writable, so that the next round waits for news.
            let _would_block = self.0.try_io(Interest::WRITABLE, || {
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
        }
    }
}
