//! Flow control of HTTP/2 streams: a stream whose client takes nothing of the response ends alone, without its
//! connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use safelight_hop::capacity::{Direction, Pace, record_answer};
use safelight_hop::log::{Log, Time};
use safelight_hop::{HopError, body};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Bytes of a flow-control window per deadline. A client may send no update before it has read half of its window, and
/// a reader of 8 KB/s needs 256 s for so many bytes.
const WINDOW_BYTES: u64 = 2 * 1024 * 1024;
/// Maximum number of deadlines of a client, for a window of 16 MB and more.
const MAX_WINDOWS: u32 = 8;

/// Maximum number of bytes of a response that are handed over at a time: the size of a frame. So every poll shows
/// progress, even if many streams share a slow reader, and HTTP/2 buffers no more of a response.
const FRAME_BYTES: usize = 16 * 1024;
/// The same for HTTP/1.
const PIECE_BYTES: usize = 256 * 1024;

tokio::task_local! {
    static STREAM: Arc<StreamProgress>;
}

/// Runs the streams of a connection, each with a timeout of its own.
///
/// hyper spawns each stream here, and polls a response when the client has room for the next piece. The timeouts of the
/// connection do not cover a client that reads the connection but opens no window for a stream.
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
        let progress = Arc::new(StreamProgress::default());
        tokio::spawn(STREAM.scope(progress.clone(), async move {
            tokio::select! {
                _ = stream => {}
                // The guard of the request logs it.
                () = progress.gives_way.notified() => {}
                () = progress.stalled(limit) => log.warn(format_args!(
                    "an answer was given up: its client has taken nothing of it for {}",
                    Time(limit)
                )),
            }
        }));
    }
}

/// The progress of a client in reading the response of one stream.
#[derive(Default)]
struct StreamProgress {
    progress: Mutex<Progress>,
    /// Notified when the stream has to end, because its request gives way.
    gives_way: Arc<Notify>,
}

/// Returns what ends the HTTP/2 stream of this task.
pub(super) fn gives_way() -> Option<Arc<Notify>> {
    let gives_way = STREAM.try_with(|progress| progress.gives_way.clone());
    gives_way.ok()
}

#[derive(Clone, Copy, Default)]
struct Progress {
    /// Start of the wait for the client to take the last piece; none while there is no such piece.
    waits: Option<Instant>,
    bytes: u64,
}

impl StreamProgress {
    /// Returns when a piece has waited for too long.
    async fn stalled(&self, limit: Duration) {
        loop {
            let state = *self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let steps = u32::try_from(state.bytes / WINDOW_BYTES).unwrap_or(MAX_WINDOWS);
            let end = match state.waits {
                Some(since) => since + limit * steps.clamp(1, MAX_WINDOWS),
                None => Instant::now() + limit,
            };
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A response body that records in [`StreamProgress`] when it is polled.
pub(super) struct FlowControlledBody<B> {
    inner: B,
    /// The rest of the last piece of `inner`.
    rest: Bytes,
    /// None with HTTP/1, where the connection has a timeout for this.
    progress: Option<Arc<StreamProgress>>,
    /// The pace of the client.
    pace: Pace,
}

impl<B> FlowControlledBody<B> {
    /// A response on the stream of this task. The wait for the client begins: it may have room for nothing.
    pub(super) fn new(inner: B, pace: Pace) -> Self {
        let progress = STREAM.try_with(Clone::clone).ok();
        if let Some(progress) = &progress {
            progress.change(|state| state.waits = Some(Instant::now()));
        }
        pace.wait(Direction::Answer);
        Self {
            inner,
            rest: Bytes::new(),
            progress,
            pace,
        }
    }
}

impl<B> Drop for FlowControlledBody<B> {
    fn drop(&mut self) {
        self.pace.progress(Direction::Answer, 0);
    }
}

impl<B: Body<Data = Bytes, Error = HopError> + Unpin> FlowControlledBody<B> {
    /// The next piece, of at most [`FRAME_BYTES`] or [`PIECE_BYTES`].
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        let most = match self.progress {
            Some(_) => FRAME_BYTES,
            None => PIECE_BYTES,
        };
        let piece = self.rest.split_to(self.rest.len().min(most));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl<B: Body<Data = Bytes, Error = HopError> + Unpin> Body for FlowControlledBody<B> {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        let polled = self.poll_piece(cx);
        record_answer(&self.pace, &polled);
        if let Some(progress) = &self.progress {
            let bytes = match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    frame.data_ref().map(|data| data.remaining() as u64)
                }
                Poll::Ready(_) | Poll::Pending => None,
            };
            progress.change(|state| {
                state.waits = bytes.map(|_| Instant::now());
                state.bytes += bytes.unwrap_or(0);
            });
        }
        polled
    }

    // `is_end_stream` stays false, like that of the inner body.

    fn size_hint(&self) -> SizeHint {
        body::size_hint_with_rest(&self.inner.size_hint(), &self.rest)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http_body::Body as _;
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use safelight_hop::body::full;
    use safelight_hop::capacity::Pace;

    use super::{
        FRAME_BYTES, FlowControlledBody, PIECE_BYTES, STREAM, StreamProgress, WINDOW_BYTES,
    };

    async fn pieces(bytes: usize) -> Vec<usize> {
        let mut body = FlowControlledBody::new(full(vec![7; bytes]), Pace::default());
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            let length = frame.unwrap().into_data().unwrap().len();
            pieces.push(length);
            let sent: usize = pieces.iter().sum();
            assert_eq!(body.size_hint().exact(), Some((bytes - sent) as u64));
        }
        pieces
    }

    #[tokio::test]
    async fn a_stream_is_handed_a_frame_at_a_time_and_a_connection_larger_pieces() {
        let bytes = 2 * FRAME_BYTES + 5;
        let on_stream = STREAM.scope(Arc::default(), pieces(bytes)).await;
        assert_eq!(on_stream, [FRAME_BYTES, FRAME_BYTES, 5]);
        assert_eq!(pieces(bytes).await, [bytes]);
        assert_eq!(pieces(PIECE_BYTES + 5).await, [PIECE_BYTES, 5]);
    }

    /// The time until a stream ends whose client has taken so many bytes and takes no more.
    async fn kept(bytes: u64, limit: Duration) -> Duration {
        let progress = StreamProgress::default();
        progress.change(|state| {
            state.waits = Some(Instant::now());
            state.bytes = bytes;
        });
        let began = Instant::now();
        progress.stalled(limit).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_with_a_large_window_has_time_to_read_it() {
        let limit = Duration::from_secs(300);
        for (bytes, limits) in [
            (0, 1),
            (WINDOW_BYTES, 1),
            (3 * WINDOW_BYTES, 3),
            (1_000 * WINDOW_BYTES, 8),
        ] {
            let kept = kept(bytes, limit).await;
            assert!(kept >= limit * limits, "{bytes}: {kept:?}");
            let rounding = Duration::from_millis(2);
            assert!(kept < limit * limits + rounding, "{bytes}: {kept:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_client_has_room_for_nothing_ends() {
        let progress = Arc::new(StreamProgress::default());
        let body = || FlowControlledBody::new(full("x"), Pace::default());
        let _unread = STREAM.sync_scope(progress.clone(), body);
        let limit = Duration::from_secs(1);
        let stalled = tokio::time::timeout(2 * limit, progress.stalled(limit)).await;
        assert!(stalled.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_a_piece_to_take_does_not_end() {
        let progress = StreamProgress::default();
        let hour = Duration::from_secs(3_600);
        let stalled = tokio::time::timeout(hour, progress.stalled(Duration::from_secs(1))).await;
        assert!(stalled.is_err());
    }
}
