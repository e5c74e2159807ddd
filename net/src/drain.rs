//! A body that is read to its end after its handler has dropped it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// The maximum number of bytes of an unread upload that are read and dropped.
const MAX_DRAIN_BYTES: u64 = 256 * 1024 * 1024;
/// The maximum time for which an unread upload is read and dropped.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the rest of a body that is dropped unread, within bounds.
///
/// A TCP socket that is closed with unread input answers with a reset, which can cut off the response on its way.
pub struct DrainOnDrop<B: Body<Data = Bytes> + Send + Unpin + 'static> {
    inner: Option<B>,
    /// The frame that [`start`](Self::start) read.
    first: Option<Result<Frame<Bytes>, B::Error>>,
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> DrainOnDrop<B> {
    /// Wraps a request's body as it arrives.
    pub fn new(inner: B) -> Self {
        Self {
            inner: Some(inner),
            first: None,
        }
    }

    /// Polls the body once, so that a client that expects `100 Continue` gets it now.
    ///
    /// A body that is only passed on is not read before the response's head is sent, which is too late.
    pub async fn start(&mut self) {
        let Some(inner) = &mut self.inner else { return };
        let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *inner).poll_frame(cx)));
        match first.await {
            Poll::Ready(Some(first)) => self.first = Some(first),
            Poll::Ready(None) => self.inner = None,
            Poll::Pending => {}
        }
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Body for DrainOnDrop<B>
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
            // The hint of the rest does not count the frame that has been read.
            (Some(_), _) => SizeHint::new(),
            (None, Some(inner)) => inner.size_hint(),
            (None, None) => SizeHint::with_exact(0),
        }
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Drop for DrainOnDrop<B> {
    fn drop(&mut self) {
        let unread = self.inner.take().filter(|inner| !inner.is_end_stream());
        let Some(mut inner) = unread else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if !drain(&mut inner).await {
                    tracing::debug!(
                        "closed the connection of an unread upload that \
                         has more than {MAX_DRAIN_BYTES} bytes or takes longer than {DRAIN_TIMEOUT:?}"
                    );
                }
            });
        }
    }
}

/// Reads and drops the rest of a body. Returns whether it ended, cleanly or in an error, within 256 MiB and 10 seconds.
pub async fn drain<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> bool {
    let reading = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, |data| data.remaining() as u64);
            if read > MAX_DRAIN_BYTES {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(DRAIN_TIMEOUT, reading).await == Ok(true)
}
