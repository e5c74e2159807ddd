//! A stream that is given up when what is written to it is not read, or when a server's client asks for nothing.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{Activity, Deadlines, IDLE, Stall};
use crate::transport::Recorder;

/// A stream whose reads and writes fail once they have made no progress for a while.
///
/// hyper has no write timeout: without this a reader that never reads, or a peer that waits for us to read while we
/// wait for it, would keep its connection for ever.
#[derive(Debug)]
pub struct Progress<S> {
    stream: S,
    write: Stall,
    quiet: Option<Quiet>,
    /// Told of everything that happens, if anybody wants to know.
    recorder: Option<Arc<Recorder>>,
}

impl<S> Progress<S> {
    /// A stream on which we are the client: only our writes are watched.
    pub fn client(stream: S, write: Duration) -> Self {
        Self {
            stream,
            write: Stall::new(write),
            quiet: None,
            recorder: None,
        }
    }

    /// A stream on which we are the server; `activity` is told of its requests.
    pub fn server(stream: S, deadlines: &Deadlines, activity: Activity) -> Self {
        let mut progress = Self::client(stream, deadlines.write);
        progress.quiet = Some(Quiet::new(deadlines.header_read, activity));
        progress
    }

    /// The same stream, which tells the recorder what happens on it.
    #[must_use]
    pub fn recorded(mut self, recorder: Option<Arc<Recorder>>) -> Self {
        self.recorder = recorder;
        self
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
            self.write.moved();
            if let Some(quiet) = &mut self.quiet {
                quiet.wrote = Instant::now();
            }
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
        ready!(self.write.poll_elapsed(cx));
        let limit = self.write.limit;
        if let Some(quiet) = &self.quiet {
            quiet.activity.give_up_unread();
        }
        tracing::debug!(?limit, "gave up a connection whose peer does not read");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the peer has read nothing for {limit:?}"),
        )))
    }

    /// Passes on what a read came to; pending while the client asks for nothing, it becomes an error in the end.
    fn unless_quiet(
        &mut self,
        cx: &mut Context<'_>,
        read: Poll<io::Result<()>>,
        bytes: usize,
    ) -> Poll<io::Result<()>> {
        let Some(quiet) = &mut self.quiet else {
            return read;
        };
        if read.is_ready() {
            if bytes > 0 {
                quiet.received();
            }
            return read;
        }
        ready!(quiet.poll_elapsed(cx, &self.write));
        tracing::debug!("gave up a connection whose client asks for nothing");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client asks for nothing",
        )))
    }
}

/// How long a shared connection without a request may go on moving bytes: for the end of an answer that HTTP/2 keeps until its
/// client gives room for it.
const LEFT_OVER: Duration = Duration::from_secs(3_600);

/// The clock of a server's connection on which no request is open and no upload on its way.
#[derive(Debug)]
struct Quiet {
    header_read: Duration,
    activity: Activity,
    /// When the head that is being read began, and how many requests had begun by then.
    head: Option<(Instant, u64)>,
    wrote: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Quiet {
    fn new(header_read: Duration, activity: Activity) -> Self {
        let now = Instant::now();
        Self {
            header_read,
            activity,
            head: None,
            wrote: now,
            sleep: Box::pin(sleep_until(now + header_read.min(IDLE))),
        }
    }

    /// Some bytes have come. Those of an upload that goes on after its answer begin no head, nor does a frame of HTTP/2.
    fn received(&mut self) {
        self.activity.receive();
        if self.activity.is_shared() {
            return;
        }
        let requests = self.activity.requests();
        let known = self.head.is_some_and(|(_, begun)| begun == requests.begun);
        if requests.is_between() && !known {
            self.head = Some((Instant::now(), requests.begun));
        }
    }

    /// When to give up, or to look again: a request may be open now and not then.
    fn end(&self, write: &Stall) -> Instant {
        let requests = self.activity.requests();
        if !requests.is_between() || write.running {
            return Instant::now() + self.header_read.min(IDLE);
        }
        match self.head {
            Some((since, begun)) if begun == requests.begun => since + self.header_read,
            Some(_) | None if self.activity.is_shared() => {
                let last = requests.ended + LEFT_OVER;
                last.min(requests.ended.max(self.wrote) + IDLE.max(write.limit))
            }
            Some(_) | None => requests.ended.max(self.wrote) + IDLE,
        }
    }

    fn poll_elapsed(&mut self, cx: &mut Context<'_>, write: &Stall) -> Poll<()> {
        loop {
            let end = self.end(write);
            if end <= Instant::now() {
                return Poll::Ready(());
            }
            // One that ends too early costs a look; moving it at every request would cost more.
            if self.sleep.is_elapsed() || self.sleep.deadline() > end {
                self.sleep.as_mut().reset(end);
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Progress<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let bytes = buffer.filled().len() - before;
        let read = self.unless_quiet(cx, read, bytes);
        if let Some(recorder) = &self.recorder
            && room > 0
            && let Poll::Ready(read) = &read
        {
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
