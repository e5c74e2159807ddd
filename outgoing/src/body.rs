//! An answer's body, which enforces the limits of bytes and time and owns its connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use safelight_net::task::TaskGuard;
use tokio::time::{Instant, Sleep};

use crate::error::OutgoingError;

/// The body of an answer. It ends in an error when it is too long, too late or cut short. Dropping it closes the
/// connection.
pub struct Body {
    incoming: Incoming,
    bytes_left: u64,
    max_bytes: u64,
    deadline: Pin<Box<Sleep>>,
    time: Duration,
    is_done: bool,
    _driver: TaskGuard<()>,
}

/// The instant by which a body must have arrived, and the time from the start of the request until then.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) time: Duration,
}

impl Body {
    pub(crate) fn new(
        incoming: Incoming,
        max_bytes: u64,
        deadline: Deadline,
        driver: TaskGuard<()>,
    ) -> Self {
        Self {
            incoming,
            bytes_left: max_bytes,
            max_bytes,
            deadline: Box::pin(tokio::time::sleep_until(deadline.at)),
            time: deadline.time,
            is_done: false,
            _driver: driver,
        }
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, OutgoingError> {
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(frame)
            }
            None => Err(OutgoingError::TooLarge(self.max_bytes)),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = OutgoingError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutgoingError>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        // The deadline is polled first, so that a body that is always ready still ends.
        let next = match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Some(Err(OutgoingError::Timeout(self.time))),
            Poll::Pending => match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => Some(self.count(frame)),
                Poll::Ready(Some(Err(error))) => {
                    Some(Err(OutgoingError::CutShort(error.to_string())))
                }
                Poll::Ready(None) => None,
                Poll::Pending => return Poll::Pending,
            },
        };
        self.is_done = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.is_done || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
