//! A body that is received: given up when its bytes stop coming.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};

use super::{Activity, Stall};

/// A body that ends in an error when no byte comes for a while, counted only while somebody waits for one.
#[derive(Debug)]
pub struct Paced<B> {
    body: B,
    stall: Stall,
    /// Of the connection as a whole, and how much it had received at the last look.
    whole: Option<(Activity, u64)>,
    given_up: bool,
}

impl<B> Paced<B> {
    /// Watches a body alone.
    pub fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            stall: Stall::new(limit),
            whole: None,
            given_up: false,
        }
    }

    /// Watches a body that may share its connection with others: while any byte comes, all of them live.
    pub fn on(body: B, limit: Duration, connection: Activity) -> Self {
        let received = connection.received();
        Self {
            whole: Some((connection, received)),
            ..Self::new(body, limit)
        }
    }

    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.stall.poll_elapsed(cx));
            match &mut self.whole {
                Some((connection, seen)) if connection.received() != *seen => {
                    *seen = connection.received();
                    self.stall.moved();
                }
                Some(_) | None => return Poll::Ready(()),
            }
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
            return Poll::Ready(frame.map(|frame| frame.map_err(PacedError::Broken)));
        }
        ready!(self.poll_elapsed(cx));
        self.given_up = true;
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
