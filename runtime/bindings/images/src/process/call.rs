//! Calls of the images process. A call during a restart waits for the new process.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use safelight_hop::Body;
use safelight_net::deadline::ReadTimeoutError;
use safelight_net::pool::{ConnectionInfo, PoolError, PooledBody, is_protocol_error};
use tokio::time::Instant;

use super::link::{CallGuard, Link, RESTART_TIMEOUT, Unhealthy};

/// A handle for calls of the images process.
#[derive(Clone)]
pub struct ImagesHandle(pub(super) Arc<Link>);

/// The error of a call without a response.
#[derive(Debug)]
pub enum CallError {
    /// The restart of the process took longer than a call waits.
    Down,
    /// All calls that are possible at a time went on for longer than a call waits.
    Busy,
    /// The process could not be reached, or failed.
    Pool(PoolError<Body>),
}

impl ImagesHandle {
    /// Sends a request and returns the response when its head has arrived. `connected` is called with each connection
    /// of the request.
    ///
    /// # Errors
    /// Fails when no process is up within a second, or the process fails before it answers. A call also waits for one of the
    /// slots that all calls share, and fails when none is free within a minute.
    pub async fn send(
        &self,
        mut request: http::Request<Body>,
        connected: impl Fn(ConnectionInfo),
    ) -> Result<http::Response<CallBody>, CallError> {
        let link = &self.0;
        let call = link.begin().await.ok_or(CallError::Busy)?;
        let deadline = Instant::now() + RESTART_TIMEOUT;
        let mut refused = None;
        loop {
            let process = link.up(refused, deadline).await.ok_or(CallError::Down)?;
            match link.pool.send(request, &connected).await {
                Ok(response) => {
                    link.note_answer(process);
                    return Ok(response.map(|body| CallBody {
                        body,
                        call,
                        process,
                    }));
                }
                // No process listens on the socket.
                Err(PoolError::Connect(error, untouched)) if is_refusal(error.kind()) => {
                    link.report_unhealthy(process, Unhealthy::RefusesConnections);
                    refused = Some(process);
                    request = *untouched;
                }
                Err(error) => {
                    if matches!(&error, PoolError::Exchange(error) if is_protocol_error(error)) {
                        link.report_unhealthy(process, Unhealthy::BreaksProtocol);
                    }
                    return Err(CallError::Pool(error));
                }
            }
        }
    }
}

pub(super) fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

/// A response's body. The call is in flight until it is dropped.
pub struct CallBody {
    body: PooledBody<Body>,
    call: CallGuard,
    process: u64,
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = ReadTimeoutError<hyper::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(ReadTimeoutError::Body(error)))) = &polled
            && is_protocol_error(error)
        {
            self.call
                .link()
                .report_unhealthy(self.process, Unhealthy::BreaksProtocol);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
