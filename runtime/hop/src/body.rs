//! The body of every request and answer in the runtime, and wrappers that observe it or give it a length.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use safelight_net::deadline::{ReadTimeoutBody, ReadTimeoutError};

use crate::error::HopError;

/// The body of every request and answer in the runtime.
pub type Body = UnsyncBoxBody<Bytes, HopError>;

/// The outcome of a call.
pub type Answer = Result<http::Response<Body>, HopError>;

/// Makes a body of bytes that are in memory.
pub fn full(content: impl Into<Bytes>) -> Body {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Returns the size hint of a wrapper that holds the rest of a piece of its inner body.
pub fn size_hint_with_rest(inner: &SizeHint, rest: &Bytes) -> SizeHint {
    let rest = rest.len() as u64;
    let mut hint = SizeHint::new();
    if let Some(upper) = inner.upper() {
        hint.set_upper(upper.saturating_add(rest));
    }
    hint.set_lower(inner.lower().saturating_add(rest));
    hint
}

/// Limits the pauses between the bytes of a body, if there is a limit.
pub fn within_pauses(body: Body, limit: Option<Duration>) -> Body {
    let Some(limit) = limit else {
        return body;
    };
    ReadTimeoutBody::new(body, limit)
        .map_err(|error| match error {
            ReadTimeoutError::Body(error) => error,
            ReadTimeoutError::Timeout(limit) => HopError::BetweenBytes(limit),
        })
        .boxed_unsync()
}

/// Makes a response of plain text.
pub fn text(status: StatusCode, text: impl Into<Bytes>) -> http::Response<Body> {
    let mut response = http::Response::new(full(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// Receives the byte counts and the end of an [`ObservedBody`].
pub trait BodyObserver: Send + Unpin + 'static {
    /// Counts a piece of the body, by its length in bytes.
    fn data(&mut self, bytes: u64);
    /// Handles the end of the body: a clean one, or an error, which the observer may replace by a better one. It is not called
    /// for a body that is dropped before its end.
    fn end(&mut self, result: Result<(), &mut HopError>);
}

/// A body that reports its bytes and its end. The observer is dropped with the body.
///
/// An error is passed on one poll after it occurs. hyper closes a connection at once when a body fails, and discards what it
/// has not written: if the first poll failed, the client would not even receive the head.
pub struct ObservedBody<O: BodyObserver> {
    inner: Body,
    observer: O,
    /// Passed on at the next poll, when everything before it has been written.
    error: Option<HopError>,
}

impl<O: BodyObserver> ObservedBody<O> {
    /// Observes `inner`.
    pub fn new(inner: Body, observer: O) -> Self {
        Self {
            inner,
            observer,
            error: None,
        }
    }
}

impl<O: BodyObserver> http_body::Body for ObservedBody<O> {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let mut polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.observer.data(data.remaining() as u64);
                }
            }
            Poll::Ready(Some(Err(error))) => self.observer.end(Err(error)),
            Poll::Ready(None) => self.observer.end(Ok(())),
            Poll::Pending => {}
        }
        if let Poll::Ready(Some(Err(error))) = polled {
            self.error = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    // `is_end_stream` stays false, so that the observer always sees the end.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body with a known length around a body without one.
///
/// It ends in an error when the inner body ends before that length.
pub struct SizedBody {
    inner: Body,
    left: u64,
}

impl SizedBody {
    /// Promises `length` bytes of `inner`, which has no more than that.
    pub fn new(inner: Body, length: u64) -> Self {
        Self {
            inner,
            left: length,
        }
    }
}

impl http_body::Body for SizedBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                self.left = self.left.saturating_sub(bytes);
            }
            Some(Err(_)) => self.left = 0,
            None if self.left > 0 => {
                let left = std::mem::take(&mut self.left);
                return Poll::Ready(Some(Err(HopError::SourceEnded(left))));
            }
            None => {}
        }
        Poll::Ready(frame)
    }

    // `is_end_stream` stays false: the inner body may detect at its end that it is not complete.

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
