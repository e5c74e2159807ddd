//! The body of a request: fast or slow, and complete or stopped before its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::Interval;

use crate::client::ticks;
use crate::plan::Pace;
use crate::progress::Progress;

/// The size in bytes of a piece of an upload that is not slowed.
const PIECE: usize = 256 * 1024;

pub(crate) struct Upload {
    rest: Bytes,
    piece: usize,
    clock: Option<Interval>,
    /// The number of bytes until the upload stops for ever, and the channel that reports the stop.
    stop: Option<(usize, oneshot::Sender<()>)>,
    progress: Arc<Progress>,
}

impl Upload {
    /// Makes an upload that stops after some bytes and reports it.
    pub(crate) fn new(
        content: Bytes,
        pace: Pace,
        stop: Option<(usize, oneshot::Sender<()>)>,
        progress: Arc<Progress>,
    ) -> Self {
        let (piece, clock) = match pace {
            Pace::Fast => (PIECE, None),
            Pace::Slow(bytes) => (bytes, Some(ticks())),
        };
        Self {
            rest: content,
            piece,
            clock,
            stop,
            progress,
        }
    }

    /// Returns the number of bytes that may be sent now; 0 after the upload has stopped.
    fn allowance(&mut self) -> usize {
        let piece = self.piece.min(self.rest.len());
        match &mut self.stop {
            None => piece,
            Some((left, _)) => {
                let piece = piece.min(*left);
                *left -= piece;
                piece
            }
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(clock) = &mut self.clock {
            ready!(clock.poll_tick(cx));
        }
        match self.allowance() {
            0 => {
                if let Some((_, stopped)) = self.stop.replace((0, oneshot::channel().0)) {
                    // A receiver that is gone belongs to a client that has left.
                    let _ = stopped.send(());
                }
                Poll::Pending
            }
            bytes => {
                self.progress.sent(bytes);
                Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
