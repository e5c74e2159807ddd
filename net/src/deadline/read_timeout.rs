//! A body that is received, with a timeout for the pauses between its bytes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::activity::{Activity, UploadGuard};
use super::timer::ProgressTimer;

/// A body that ends in an error after a pause of the limit. Only the time of a pending read counts.
#[derive(Debug)]
pub struct ReadTimeoutBody<B> {
    body: B,
    timer: ProgressTimer,
    /// The connection that the body shares with others.
    connection: Option<Activity>,
    /// Held to the end: until then a byte on the connection belongs to this body, not to another request.
    upload: Option<UploadGuard>,
    has_timed_out: bool,
}

impl<B> ReadTimeoutBody<B> {
    /// Watches a body alone.
    pub fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            timer: ProgressTimer::new(limit),
            connection: None,
            upload: None,
            has_timed_out: false,
        }
    }

    /// Ready when neither this body nor another one of the connection has received a byte for the limit.
    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.poll_elapsed(cx));
            let last_read = self.connection.as_ref().map(Activity::last_read);
            match last_read.map(|last_read| last_read + self.timer.limit()) {
                Some(end) if end > Instant::now() => self.timer.extend(end),
                Some(_) | None => return Poll::Ready(()),
            }
        }
    }
}

impl<B: Body> ReadTimeoutBody<B> {
    /// Watches an upload that may share its connection with others: any byte on the connection keeps all of them alive.
    pub fn with_activity(body: B, limit: Duration, connection: Activity) -> Self {
        // An empty upload must not delay the next request, however long it is held.
        let upload = (!body.is_end_stream()).then(|| connection.begin_upload());
        Self {
            connection: Some(connection),
            upload,
            ..Self::new(body, limit)
        }
    }
}

impl<B: Body + Unpin> Body for ReadTimeoutBody<B> {
    type Data = B::Data;
    type Error = ReadTimeoutError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if self.has_timed_out {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.timer.stop();
            if self.body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
                self.upload = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(ReadTimeoutError::Body)));
        }
        ready!(self.poll_elapsed(cx));
        self.has_timed_out = true;
        self.upload = None;
        Poll::Ready(Some(Err(ReadTimeoutError::Timeout(self.timer.limit()))))
    }

    fn is_end_stream(&self) -> bool {
        // False after a timeout as well: the connection must not be reused.
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The error of a body with a read timeout.
#[derive(Debug)]
pub enum ReadTimeoutError<E> {
    /// No byte came for this long.
    Timeout(Duration),
    /// The body itself failed.
    Body(E),
}

impl<E: fmt::Display> fmt::Display for ReadTimeoutError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "no byte came for {limit:?}"),
            Self::Body(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ReadTimeoutError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Timeout(_) => None,
            Self::Body(error) => error.source(),
        }
    }
}
