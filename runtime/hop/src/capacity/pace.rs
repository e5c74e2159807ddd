//! The pace at which a peer sends a body and takes another one, and bodies that record it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// The least bytes per second of a peer that is waited for.
pub const MIN_BYTES_PER_SECOND: u64 = 8_000;
/// The time for which a peer may be slower, or stand still.
pub const MAX_STALL: Duration = Duration::from_secs(5);

/// A direction of the bytes.
#[derive(Clone, Copy, Debug)]
pub enum Direction {
    /// From the peer.
    Upload,
    /// To the peer.
    Answer,
}

/// The pace of one peer, as a leaky bucket of time: waiting for the peer empties it, and its bytes fill it, up to
/// [`MAX_STALL`]. Clones are the same pace.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Mutex<Bucket>>);

#[derive(Debug)]
struct Bucket {
    /// Whether the program waits for the peer, by direction.
    waits: [bool; 2],
    /// The time that is left.
    left: Duration,
    /// The time at which that was true.
    at: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Bucket {
            waits: [false; 2],
            left: MAX_STALL,
            at: Instant::now(),
        })))
    }
}

impl Pace {
    /// Begins to wait for the peer in this direction.
    pub fn wait(&self, direction: Direction) {
        self.update(|bucket| bucket.waits[direction as usize] = true);
    }

    /// Ends the wait in this direction, and counts the bytes that came or went.
    pub fn progress(&self, direction: Direction, bytes: u64) {
        self.update(|bucket| {
            bucket.waits[direction as usize] = false;
            let time = Duration::from_millis(bytes.saturating_mul(1_000) / MIN_BYTES_PER_SECOND);
            bucket.left = bucket.left.saturating_add(time).min(MAX_STALL);
        });
    }

    /// Returns whether the program waits for the peer, and the peer is too slow.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        let mut is_too_slow = false;
        self.update(|bucket| {
            is_too_slow = bucket.waits != [false; 2] && bucket.left.is_zero();
        });
        is_too_slow
    }

    fn update(&self, update: impl FnOnce(&mut Bucket)) {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if bucket.waits != [false; 2] {
            bucket.left = bucket.left.saturating_sub(now - bucket.at);
        }
        bucket.at = now;
        update(&mut bucket);
    }
}

/// A body from a peer. A read that is pending waits for the peer.
#[derive(Debug)]
pub struct PacedUpload<B> {
    body: B,
    pace: Pace,
}

impl<B> PacedUpload<B> {
    /// Records the pace of `body`.
    pub fn new(body: B, pace: Pace) -> Self {
        Self { body, pace }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for PacedUpload<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending => self.pace.wait(Direction::Upload),
            Poll::Ready(frame) => self.pace.progress(Direction::Upload, data_bytes(frame)),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for PacedUpload<B> {
    fn drop(&mut self) {
        self.pace.progress(Direction::Upload, 0);
    }
}

/// Records a poll of a body that goes to a peer: from each piece to the next poll, the program waits for the peer.
pub fn record_answer<E>(pace: &Pace, polled: &Poll<Option<Result<Frame<Bytes>, E>>>) {
    let bytes = match polled {
        Poll::Ready(frame) => data_bytes(frame),
        Poll::Pending => 0,
    };
    pace.progress(Direction::Answer, bytes);
    if matches!(polled, Poll::Ready(Some(Ok(_)))) {
        pace.wait(Direction::Answer);
    }
}

/// The bytes of a frame of data.
fn data_bytes<E>(frame: &Option<Result<Frame<Bytes>, E>>) -> u64 {
    match frame {
        Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.remaining() as u64),
        Some(Err(_)) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body::Frame;

    use super::{Direction, MAX_STALL, MIN_BYTES_PER_SECOND, Pace, record_answer};

    /// Lets time pass on the paused clock.
    async fn pass(time: Duration) {
        tokio::time::advance(time).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stands_still_is_too_slow_and_one_that_is_not_waited_for_is_not() {
        let pace = Pace::default();
        pass(2 * MAX_STALL).await;
        assert!(!pace.is_too_slow());
        pace.wait(Direction::Upload);
        pass(MAX_STALL - Duration::from_millis(1)).await;
        assert!(!pace.is_too_slow());
        pass(Duration::from_millis(1)).await;
        assert!(pace.is_too_slow());
        pace.progress(Direction::Upload, MIN_BYTES_PER_SECOND);
        assert!(!pace.is_too_slow());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_is_measured_by_its_bytes_in_both_directions() {
        for (upload, answer, is_too_slow) in
            [(1, 0, true), (8_000, 0, false), (4_000, 4_000, false)]
        {
            let pace = Pace::default();
            for _ in 0..20 {
                pace.wait(Direction::Upload);
                pass(Duration::from_secs(1)).await;
                pace.progress(Direction::Upload, upload);
                pace.progress(Direction::Answer, answer);
            }
            pace.wait(Direction::Upload);
            assert_eq!(pace.is_too_slow(), is_too_slow, "{upload} {answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_of_an_answer_is_waited_for_until_the_next_poll() {
        let pace = Pace::default();
        let piece = Frame::data(Bytes::from_static(b"piece"));
        let polled: Poll<Option<Result<_, ()>>> = Poll::Ready(Some(Ok(piece)));
        record_answer(&pace, &polled);
        pass(MAX_STALL).await;
        assert!(pace.is_too_slow());
        record_answer::<()>(&pace, &Poll::Pending);
        pass(MAX_STALL).await;
        assert!(!pace.is_too_slow(), "the worker is slow");
    }
}
