//! Bodies that are broken on purpose: truncated, corrupted, slow, stalled.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::note::FaultNote;
use crate::body::{self, Body};
use crate::error::HopError;
use crate::faults::fault::Pace;

type Polled = Poll<Option<Result<Frame<Bytes>, HopError>>>;

/// A body that ends after a number of bytes.
pub(super) struct TruncatedBody {
    inner: Option<Body>,
    hint: SizeHint,
    left: u64,
    passed: u64,
    /// Whether a piece was cut, so that the end comes next.
    is_cut: bool,
    /// Whether the head promises a length, by which the reader notices a short body.
    promised: bool,
    note: Option<FaultNote>,
}

impl TruncatedBody {
    /// Cuts a body whose head has these headers.
    pub(super) fn new(inner: Body, bytes: u64, headers: &HeaderMap, note: FaultNote) -> Self {
        Self {
            // The hint is that of the whole body, as the head promises it.
            hint: inner.size_hint(),
            inner: Some(inner),
            left: bytes,
            passed: 0,
            is_cut: false,
            promised: headers.contains_key(CONTENT_LENGTH),
            note: Some(note),
        }
    }

    fn cut(&mut self) {
        self.is_cut = true;
        if let Some(note) = self.note.take() {
            note.report_applied();
        }
    }

    fn end(&mut self) -> Polled {
        self.inner = None;
        self.cut();
        Poll::Ready(match self.promised {
            true => None,
            // The client of a body without a length also gets an error when its connection is cut.
            false => Some(Err(HopError::CutByFault)),
        })
    }
}

impl http_body::Body for TruncatedBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        if self.is_cut && self.inner.is_some() {
            return self.end();
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = std::task::ready!(Pin::new(inner).poll_frame(cx));
        let data = match polled {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            },
            other => return Poll::Ready(other),
        };
        let length = data.remaining() as u64;
        if length <= self.left {
            self.left -= length;
            self.passed += length;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        // `left` is less than `data.len()`, so the conversion succeeds.
        let left = usize::try_from(self.left).unwrap_or(data.len());
        if left == 0 {
            return self.end();
        }
        self.passed += left as u64;
        self.cut();
        Poll::Ready(Some(Ok(Frame::data(data.slice(..left)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

impl Drop for TruncatedBody {
    fn drop(&mut self) {
        if let Some(note) = self.note.take() {
            note.report_missed(self.passed);
        }
    }
}

/// A body with one inverted byte.
pub(super) struct CorruptBody {
    inner: Body,
    at: u64,
    passed: u64,
    note: Option<FaultNote>,
}

impl CorruptBody {
    /// Inverts the byte at offset `at`.
    pub(super) fn new(inner: Body, at: u64, note: FaultNote) -> Self {
        Self {
            inner,
            at,
            passed: 0,
            note: Some(note),
        }
    }

    fn alter(&mut self, data: Bytes) -> Bytes {
        let begin = self.passed;
        self.passed += data.len() as u64;
        let offset = self.at.checked_sub(begin).map(usize::try_from);
        let Some(Ok(offset)) = offset else {
            return data;
        };
        let mut changed = BytesMut::from(data);
        let Some(byte) = changed.get_mut(offset) else {
            return changed.freeze();
        };
        *byte = !*byte;
        if let Some(note) = self.note.take() {
            note.report_applied();
        }
        changed.freeze()
    }
}

impl http_body::Body for CorruptBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let polled = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        Poll::Ready(polled.map(|frame| frame.map(|frame| frame.map_data(|data| self.alter(data)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for CorruptBody {
    fn drop(&mut self) {
        if let Some(note) = self.note.take() {
            note.report_missed(self.passed);
        }
    }
}

/// A body that passes a limited number of bytes in each interval.
pub(super) struct SlowBody {
    inner: Body,
    pace: Pace,
    /// Bytes that may still pass in this interval.
    left: usize,
    /// The part of the last frame that did not fit into its interval.
    rest: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
}

impl SlowBody {
    /// Slows a body down.
    pub(super) fn new(inner: Body, pace: Pace) -> Self {
        Self {
            inner,
            pace,
            left: pace.bytes,
            rest: Bytes::new(),
            pause: None,
        }
    }

    fn poll_interval(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            let end = Instant::now() + self.pace.interval;
            let pause = self
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
            self.left = self.pace.bytes;
        }
        Poll::Ready(())
    }
}

impl http_body::Body for SlowBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        std::task::ready!(self.poll_interval(cx));
        let mut data = std::mem::take(&mut self.rest);
        if data.is_empty() {
            match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(next) => data = next,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        self.rest = data.split_off(data.len().min(self.left));
        self.left -= data.len();
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        body::size_hint_with_rest(&self.inner.size_hint(), &self.rest)
    }
}

/// A body that keeps its size hint and never has a frame.
pub(super) struct StalledBody(pub(super) Body);

impl http_body::Body for StalledBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Polled {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
