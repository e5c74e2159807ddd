//! A body that is received: given up when its bytes stop coming.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::{Activity, Stall, activity::Uploading};

/// A body that ends in an error when no byte comes for a while, counted only while somebody waits for one.
#[derive(Debug)]
pub struct Paced<B> {
    body: B,
    stall: Stall,
    /// Of the connection as a whole.
    whole: Option<Activity>,
    /// Until the end: what comes on the connection meanwhile is no other request.
    uploading: Option<Uploading>,
    given_up: bool,
}

impl<B> Paced<B> {
    /// Watches a body alone.
    pub fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            stall: Stall::new(limit),
            whole: None,
            uploading: None,
            given_up: false,
        }
    }

    /// Ready when nobody has been given a byte for the limit: neither this body, nor another one of the connection.
    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.stall.poll_elapsed(cx));
            let received = self.whole.as_ref().map(Activity::received);
            match received.map(|received| received + self.stall.limit) {
                Some(end) if end > Instant::now() => self.stall.extend(end),
                Some(_) | None => return Poll::Ready(()),
            }
        }
    }
}

impl<B: Body> Paced<B> {
    /// Watches an upload that may share its connection with others: while any byte comes, all of them live.
    pub fn on(body: B, limit: Duration, connection: Activity) -> Self {
        // One that has no bytes keeps nobody from the next request, however long it is held.
        let uploading = (!body.is_end_stream()).then(|| connection.upload());
        Self {
            whole: Some(connection),
            uploading,
            ..Self::new(body, limit)
        }
    }
}

impl<B: Body + Unpin> Body for Paced<B> {
    type Data = B::Data;
    type Error = PacedError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if self.given_up {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.stall.moved();
            if self.body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
                self.uploading = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(PacedError::Broken)));
        }
        ready!(self.poll_elapsed(cx));
        self.given_up = true;
        self.uploading = None;
        Poll::Ready(Some(Err(PacedError::Stalled(self.stall.limit))))
    }

    fn is_end_stream(&self) -> bool {
        // Also of one that was given up: its connection must not pass for free.
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why a body does not go on.
#[derive(Debug)]
pub enum PacedError<E> {
    /// No byte came for this long.
    Stalled(Duration),
    /// The transfer failed.
    Broken(E),
}

impl<E: fmt::Display> fmt::Display for PacedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled(limit) => write!(f, "no byte came for {limit:?}"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for PacedError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Stalled(_) => None,
            Self::Broken(error) => error.source(),
        }
    }
}
