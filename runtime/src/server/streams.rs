//! Streams of HTTP/2: each is given up alone when its client takes nothing of its answer, without the others of its connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::Error;

use crate::log::{Log, Time};

/// Bytes of a window for which a client has one deadline. It may tell of nothing before half of its window is read, and a reader
/// of 8 KB/s needs 256 s for so many.
const STEP: u64 = 2 * 1024 * 1024;
/// Deadlines of one client at most: for a window of 16 MB and more.
const MOST_STEPS: u32 = 8;

tokio::task_local! {
    static STREAM: Arc<Taking>;
}

/// Runs the streams of a connection.
///
/// hyper gives each a task of its own here, and asks an answer for its next piece when the client has given room for the last one. A
/// client that goes on reading the connection, but gives a stream no room, is no affair of the connection's clocks.
#[derive(Clone)]
pub(super) struct Streams {
    limit: Duration,
    log: Log,
}

impl Streams {
    pub(super) fn new(limit: Duration, log: Log) -> Self {
        Self { limit, log }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (limit, log) = (self.limit, self.log.clone());
        let taking = Arc::new(Taking::default());
        tokio::spawn(STREAM.scope(taking.clone(), async move {
            tokio::select! {
                _ = stream => {}
                () = taking.stops(limit) => log.warn(format_args!(
                    "an answer was given up: its client has taken nothing of it for {}",
                    Time(limit)
                )),
            }
        }));
    }
}

/// How the client of one stream takes its answer.
#[derive(Default)]
struct Taking(Mutex<Taken>);

#[derive(Clone, Copy, Default)]
struct Taken {
    /// Since when there is a piece that may wait for room.
    waits: Option<Instant>,
    bytes: u64,
}

impl Taking {
    /// Returns when a piece has waited for too long.
    async fn stops(&self, limit: Duration) {
        loop {
            let taken = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let steps = u32::try_from(taken.bytes / STEP).unwrap_or(MOST_STEPS);
            let end = match taken.waits {
                Some(since) => since + limit * steps.clamp(1, MOST_STEPS),
                None => Instant::now() + limit,
            };
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Taken)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// An answer that tells the task of its stream when it is asked for more.
pub(super) struct Asked<B> {
    inner: B,
    /// None with HTTP/1, where the connection has a clock for this.
    taking: Option<Arc<Taking>>,
}

impl<B> Asked<B> {
    /// An answer on the stream of this task.
    pub(super) fn new(inner: B) -> Self {
        let taking = STREAM.try_with(Clone::clone).ok();
        Self { inner, taking }
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Asked<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Some(taking) = &self.taking {
            let bytes = match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    frame.data_ref().map(|data| data.remaining() as u64)
                }
                Poll::Ready(_) | Poll::Pending => None,
            };
            taking.change(|taken| {
                taken.waits = bytes.map(|_| Instant::now());
                taken.bytes += bytes.unwrap_or(0);
            });
        }
        polled
    }

    // `is_end_stream` stays false, as that of what is inside.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
