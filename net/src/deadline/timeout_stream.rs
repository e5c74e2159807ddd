//! A stream with a timeout for writes that the peer does not read, and on a server for heads and idle connections.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::idle::IdleTimer;
use super::limits::Deadlines;
use super::timer::ProgressTimer;
use crate::transport::Recorder;

/// A stream whose reads and writes fail once they have made no progress for their limit.
///
/// hyper has no write timeout. Without this one a peer that never reads, or one that waits for us to read while we wait
/// for it, would keep its connection for ever.
#[derive(Debug)]
pub struct TimeoutStream<S> {
    stream: S,
    write: ProgressTimer,
    /// On a server.
    idle: Option<IdleTimer>,
    /// Records every read and write, if records are kept.
    recorder: Option<Arc<Recorder>>,
}

impl<S> TimeoutStream<S> {
    /// A stream on which this process is the client. Only its writes have a timeout.
    pub fn client(stream: S, write: Duration) -> Self {
        Self {
            stream,
            write: ProgressTimer::new(write),
            idle: None,
            recorder: None,
        }
    }

    /// A stream on which this process is the server. `activity` is the state of its requests.
    pub fn server(stream: S, deadlines: &Deadlines, activity: Activity) -> Self {
        let mut stream = Self::client(stream, deadlines.write);
        stream.idle = Some(IdleTimer::new(deadlines.header_read, activity));
        stream
    }

    /// The same stream with a recorder of its reads and writes.
    #[must_use]
    pub fn with_recorder(mut self, recorder: Option<Arc<Recorder>>) -> Self {
        self.recorder = recorder;
        self
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// Passes on the outcome of a write. A write that is pending for too long becomes an error.
    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if write.is_ready() {
            self.write.stop();
            if let Some(idle) = &mut self.idle {
                idle.record_write();
            }
        }
        if let Some(idle) = &self.idle {
            idle.activity().record_write(&write);
        }
        let write = self.with_write_timeout(cx, write);
        if let Some(recorder) = &self.recorder {
            recorder.record_write(&write);
        }
        write
    }

    fn with_write_timeout<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            return write;
        }
        ready!(self.write.poll_elapsed(cx));
        let limit = self.write.limit();
        if let Some(idle) = &self.idle {
            idle.activity().record_write_timeout();
        }
        tracing::debug!(?limit, "closed a connection whose peer does not read");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the peer has read nothing for {limit:?}"),
        )))
    }

    /// Passes on the outcome of a read. A read that is pending on an idle connection becomes an error in the end.
    fn with_idle_timeout(
        &mut self,
        cx: &mut Context<'_>,
        read: Poll<io::Result<()>>,
        bytes: usize,
    ) -> Poll<io::Result<()>> {
        let Some(idle) = &mut self.idle else {
            return read;
        };
        if read.is_ready() {
            if bytes > 0 {
                idle.record_read();
            }
            return read;
        }
        ready!(idle.poll_elapsed(cx, &self.write));
        tracing::debug!("closed a connection whose client sends no request");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client sends no request",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let bytes = buffer.filled().len() - before;
        let read = self.with_idle_timeout(cx, read, bytes);
        if let Some(recorder) = &self.recorder
            && room > 0
            && let Poll::Ready(read) = &read
        {
            recorder.record_read(read.as_ref().map(|()| bytes));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.after_write(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.stream).poll_flush(cx);
        let flush = self.with_write_timeout(cx, flush);
        if let Some(recorder) = &self.recorder {
            recorder.record_flush(&flush);
        }
        flush
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shutdown = Pin::new(&mut self.stream).poll_shutdown(cx);
        let shutdown = self.with_write_timeout(cx, shutdown);
        if let Some(recorder) = &self.recorder {
            recorder.record_shutdown(&shutdown);
        }
        shutdown
    }
}

impl<S> Drop for TimeoutStream<S> {
    fn drop(&mut self) {
        if let Some(recorder) = &self.recorder {
            recorder.record_close();
        }
    }
}
