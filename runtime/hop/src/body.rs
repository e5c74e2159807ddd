//! Bodies that tell the truth: wrappers that make a broken end visible, count bytes, and read what nobody else reads.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, WasiBody};

/// Most bytes of an unread upload that are read to nowhere.
const DRAIN_BYTES: u64 = 256 * 1024 * 1024;
/// Longest time spent on reading an unread upload to nowhere.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A body that is at hand.
pub fn full(content: impl Into<Bytes>) -> WasiBody {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Ends in an error, never cleanly, when the instance that writes it has died.
///
/// The engine takes the dropped channels of a dead instance for a good end: a response without Content-Length would
/// reach the client cut, with a correct terminator.
pub struct Guarded<K> {
    inner: WasiBody,
    dead: Arc<AtomicBool>,
    _kept: K,
}

impl<K: Send + Unpin + 'static> Guarded<K> {
    /// Guards `inner`, which an instance writes; `dead` is set before that instance is dropped. `kept` lives as long as
    /// the body.
    pub fn new(inner: WasiBody, dead: Arc<AtomicBool>, kept: K) -> Self {
        Self {
            inner,
            dead,
            _kept: kept,
        }
    }
}

impl<K: Unpin> Body for Guarded<K> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(None) if self.dead.load(Ordering::Acquire) => {
                let what = "the worker that wrote it died before its end";
                Poll::Ready(Some(Err(Error::InternalError(Some(what.into())))))
            }
            other => other,
        }
    }

    // `is_end_stream` stays false, so that the reader polls to the end and meets the error.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads to the end what is dropped unread, within bounds.
///
/// A TCP socket that is closed with unread input answers with a reset, which can cut off the response on its way.
pub struct Drained<B: Body<Data = Bytes> + Send + Unpin + 'static> {
    inner: Option<B>,
    /// What was read before anybody asked for it.
    first: Option<Result<Frame<Bytes>, B::Error>>,
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Drained<B> {
    /// Wraps a request's body as it arrives.
    pub fn new(inner: B) -> Self {
        Self {
            inner: Some(inner),
            first: None,
        }
    }

    /// Begins to read, so that a client that waits to be asked for its upload is asked now.
    ///
    /// A body that is only passed on is not read before the response's head is out, and then it is too late to ask.
    pub async fn ask(&mut self) {
        let Some(inner) = &mut self.inner else { return };
        let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *inner).poll_frame(cx)));
        match first.await {
            Poll::Ready(Some(first)) => self.first = Some(first),
            Poll::Ready(None) => self.inner = None,
            Poll::Pending => {}
        }
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Body for Drained<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.inner = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.first, &self.inner) {
            // What has been read already is missing in what the rest says of itself.
            (Some(_), _) => SizeHint::new(),
            (None, Some(inner)) => inner.size_hint(),
            (None, None) => SizeHint::with_exact(0),
        }
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Drop for Drained<B> {
    fn drop(&mut self) {
        let unread = self.inner.take().filter(|inner| !inner.is_end_stream());
        let Some(mut inner) = unread else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if tokio::time::timeout(DRAIN_TIME, drain(&mut inner)).await != Ok(true) {
                    tracing::debug!(
                        "gave up reading what is left of an unread upload, and with it the connection: \
                         it has more than {DRAIN_BYTES} bytes or takes longer than {DRAIN_TIME:?}"
                    );
                }
            });
        }
    }
}

/// Reads to nowhere: whether the end was reached within the bound.
async fn drain<B: Body<Data = Bytes> + Unpin>(inner: &mut B) -> bool {
    let mut read = 0;
    while let Some(Ok(frame)) = inner.frame().await {
        read += frame.data_ref().map_or(0, |data| data.remaining() as u64);
        if read > DRAIN_BYTES {
            return false;
        }
    }
    true
}

/// What a [`Watched`] body tells its watcher.
pub trait Watch: Send + Unpin + 'static {
    /// So many more bytes have passed.
    fn data(&mut self, bytes: u64);
    /// The body has ended: cleanly, or in an error, which may be put into better words. Not called for a body that is
    /// dropped before its end.
    fn end(&mut self, result: Result<(), &mut Error>);
}

/// A body whose bytes and end are watched. The watcher is dropped with the body.
///
/// An error is told a moment after it has happened. A connection is ended by it at once, with what was not written yet: so a
/// body that breaks in its first moment would take its head along, and its client would not know that there was an answer.
pub struct Watched<W: Watch> {
    inner: WasiBody,
    watch: W,
    /// What is told at the next question, when everything before it has been written.
    broken: Option<Error>,
}

impl<W: Watch> Watched<W> {
    /// Watches `inner`.
    pub fn new(inner: WasiBody, watch: W) -> Self {
        Self {
            inner,
            watch,
            broken: None,
        }
    }
}

impl<W: Watch> Body for Watched<W> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let mut polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.watch.data(data.remaining() as u64);
                }
            }
            Poll::Ready(Some(Err(error))) => self.watch.end(Err(error)),
            Poll::Ready(None) => self.watch.end(Ok(())),
            Poll::Pending => {}
        }
        if let Poll::Ready(Some(Err(error))) = polled {
            self.broken = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    // `is_end_stream` stays false, so that the end is always seen by the watcher.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
