//! The body of a request as a stream of bytes for the multipart parser, counted and timed.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use tokio::time::timeout;

use safelight_net::deadline::{ReadTimeoutBody, ReadTimeoutError};

use super::FormLimits;

/// The most bytes that the parser gets at once while it looks for the end of a part's header.
const MAX_HEADER_PIECE: usize = 1024;

/// The number of bytes that the parser may take until it has found the next part.
///
/// The parser itself would buffer a part's header without end.
#[derive(Clone, Debug)]
pub(super) struct PartHeaderLimit(Arc<AtomicUsize>);

impl PartHeaderLimit {
    /// The bytes from the end of one part's content to the start of the next part's.
    const MAX_BYTES: usize = 16 * 1024;
    const UNBOUNDED: usize = usize::MAX;

    /// Sets the limit: the parser looks for a part from here on.
    pub(super) fn enforce(&self) {
        self.0.store(Self::MAX_BYTES, Ordering::Relaxed);
    }

    /// Removes the limit: the parser reads a part's content from here on, which has a limit of its own.
    pub(super) fn suspend(&self) {
        self.0.store(Self::UNBOUNDED, Ordering::Relaxed);
    }
}

/// A request's body as a stream. It ends with an error where a limit is exceeded.
pub(super) struct FormBody<B> {
    body: ReadTimeoutBody<B>,
    header_limit: PartHeaderLimit,
    /// The number of bytes that may still come.
    left: usize,
    /// The time for the rest of a body that is discarded.
    drain_time: Duration,
    /// The bytes that the parser has not been given yet.
    rest: Bytes,
    /// Whether the parser has a piece that it must parse before it gets another one.
    parse_first: bool,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More may come.
    Open,
    /// The client has sent everything.
    Reached,
    /// No usable bytes can come any more.
    Lost,
}

impl<B> FormBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: fmt::Display,
{
    pub(super) fn new(body: B, limits: &FormLimits, read_timeout: Duration) -> Self {
        Self {
            body: ReadTimeoutBody::new(body, read_timeout),
            header_limit: PartHeaderLimit(Arc::new(AtomicUsize::new(PartHeaderLimit::UNBOUNDED))),
            left: limits.request_bytes,
            drain_time: read_timeout,
            rest: Bytes::new(),
            parse_first: false,
            end: End::Open,
        }
    }

    pub(super) fn header_limit(&self) -> PartHeaderLimit {
        self.header_limit.clone()
    }

    /// Whether the client has announced more bytes than may come.
    pub(super) fn announces_too_much(&self) -> bool {
        self.body.size_hint().lower() > self.left as u64
    }

    /// Discards the rest of the body, within the limits of bytes and of time.
    ///
    /// Returns whether the end was reached, so that the connection can be used again.
    pub(super) async fn drain(&mut self) -> bool {
        self.rest.clear();
        let limit = self.drain_time;
        let to_the_end = async {
            while let Some(Ok(_)) = std::future::poll_fn(|cx| self.poll_bytes(cx)).await {}
        };
        // A client that trickles must not keep its connection busy for ever.
        let _in_time = timeout(limit, to_the_end).await;
        self.end == End::Reached
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match self.end {
                End::Open => {}
                End::Reached | End::Lost => return Poll::Ready(None),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => self.end = End::Reached,
                Some(Err(ReadTimeoutError::Timeout(limit))) => {
                    return self.lost(BodyError::Stalled(limit));
                }
                Some(Err(ReadTimeoutError::Body(error))) => {
                    return self.lost(BodyError::Broken(error.to_string()));
                }
                Some(Ok(frame)) => {
                    // Trailers are not part of a form.
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    match self.left.checked_sub(bytes.len()) {
                        Some(left) => self.left = left,
                        None => return self.lost(BodyError::TooLong),
                    }
                    return Poll::Ready(Some(Ok(bytes)));
                }
            }
        }
    }

    fn lost<T>(&mut self, error: BodyError) -> Poll<Option<Result<T, BodyError>>> {
        self.end = End::Lost;
        Poll::Ready(Some(Err(error)))
    }

    /// Returns the next piece for the parser: a small one while it looks for the end of a header.
    fn next_piece(&mut self) -> Result<Bytes, BodyError> {
        let header_limit = self.header_limit.0.load(Ordering::Relaxed);
        if header_limit == PartHeaderLimit::UNBOUNDED {
            return Ok(std::mem::take(&mut self.rest));
        }
        if header_limit == 0 {
            return Err(BodyError::HeadTooLong);
        }
        let piece = self
            .rest
            .split_to(self.rest.len().min(MAX_HEADER_PIECE).min(header_limit));
        self.header_limit
            .0
            .store(header_limit - piece.len(), Ordering::Relaxed);
        self.parse_first = true;
        Ok(piece)
    }
}

impl<B> Stream for FormBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: fmt::Display,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // The parser takes whatever is ready before it parses any of it.
        if std::mem::take(&mut this.parse_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            match ready!(this.poll_bytes(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(bytes)) => this.rest = bytes,
            }
        }
        Poll::Ready(Some(this.next_piece()))
    }
}

/// The reason why no more bytes come.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The client sent nothing for this long.
    Stalled(Duration),
    /// The request has more bytes than it may have.
    TooLong,
    /// There are more bytes between two parts than there may be.
    HeadTooLong,
    /// The transfer broke.
    Broken(String),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled(stall) => write!(f, "no byte came for {stall:?}"),
            Self::TooLong => f.write_str("the request has too many bytes"),
            Self::HeadTooLong => f.write_str("the head of a part has too many bytes"),
            Self::Broken(error) => write!(f, "the transfer broke: {error}"),
        }
    }
}

impl std::error::Error for BodyError {}
