//! Conversions of bodies and errors between the engine's types and those of the runtime.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use safelight_hop::{Body, HopError};
use wasmtime_wasi_http::{Error, WasiBody};

/// The engine's error for a [`HopError`]. The guest gets the text of an internal error.
pub(crate) fn to_engine(error: HopError) -> Error {
    match error {
        HopError::InvalidUri => Error::HttpRequestUriInvalid,
        HopError::Timeout => Error::HttpResponseTimeout,
        HopError::BetweenBytes(_) => Error::ConnectionReadTimeout,
        HopError::Closed => Error::ConnectionTerminated,
        HopError::CutByFault => Error::HttpResponseIncomplete,
        HopError::Http(error) => Error::Hyper(error),
        HopError::Service(_)
        | HopError::Callee { .. }
        | HopError::NoCallee(_)
        | HopError::Subrequest { .. }
        | HopError::Refused(_)
        | HopError::CallerUrl(_)
        | HopError::UnknownBinding { .. }
        | HopError::Connect(_)
        | HopError::HostStalled(_)
        | HopError::UploadStalled(_)
        | HopError::UploadBroke(_)
        | HopError::Length(_)
        | HopError::UploadLength { .. }
        | HopError::MalformedHead { .. }
        | HopError::Integrity(_)
        | HopError::SourceEnded(_)
        | HopError::InstanceDied
        | HopError::Guest(_) => Error::InternalError(Some(error.to_string())),
    }
}

/// The [`HopError`] for an error of the engine, which ends a guest's body or call.
pub(crate) fn from_engine(error: Error) -> HopError {
    match error {
        Error::InternalError(Some(text)) => HopError::Guest(text),
        Error::Hyper(error) => HopError::Http(error),
        Error::HttpRequestBodySize(bytes) | Error::HttpResponseBodySize(bytes) => {
            HopError::Length(bytes)
        }
        other => HopError::Guest(other.to_string()),
    }
}

/// A body for the engine.
pub(crate) fn body_to_engine(body: Body) -> WasiBody {
    body.map_err(to_engine).boxed_unsync()
}

/// A body that an instance writes. It ends in an error if the instance has died.
///
/// The engine takes the dropped channels of a dead instance for a clean end. A response without Content-Length would
/// reach the client truncated, with a correct terminator.
pub(crate) struct InstanceBody<K> {
    inner: WasiBody,
    dead: Arc<AtomicBool>,
    _kept: K,
}

impl<K: Send + Unpin + 'static> InstanceBody<K> {
    /// The body `inner`; `dead` is set before its instance is dropped. `kept` lives as long as the body.
    pub(crate) fn new(inner: WasiBody, dead: Arc<AtomicBool>, kept: K) -> Self {
        Self {
            inner,
            dead,
            _kept: kept,
        }
    }
}

impl<K: Unpin> http_body::Body for InstanceBody<K> {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(None) if self.dead.load(Ordering::Acquire) => {
                Poll::Ready(Some(Err(HopError::InstanceDied)))
            }
            other => other.map_err(from_engine),
        }
    }

    // `is_end_stream` stays false, so that the reader polls to the end and gets the error.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi_http::Error;

    use super::from_engine;

    #[test]
    fn a_body_of_another_length_is_not_called_too_long() {
        for error in [
            Error::HttpRequestBodySize(Some(791)),
            Error::HttpResponseBodySize(Some(791)),
        ] {
            let text = from_engine(error).to_string();
            assert_eq!(text, "its head promised another length than 791 bytes");
        }
    }
}
