//! The host's answers to a guest: outgoing requests and the two output streams.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use safelight_delivery::CfImages;
use safelight_delivery::fetch::CfImageOptions;
use safelight_gateway::{Bindings, Outbound};
use safelight_hop::{Answer, Body, HopError, RequestContext, body, error_chain};
use safelight_protocol::BINDINGS_HOST;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode as P2ErrorCode;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode as P3ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::engine::{InstanceBody, body_to_engine, body_to_engine_within, to_engine};
use crate::guest_request::Stream;
use crate::shared::Shared;

/// The ways of the outgoing requests of one instance.
pub(crate) struct Hooks {
    ways: Ways,
    shared: Arc<Shared>,
}

/// The ways out of a worker.
#[derive(Clone)]
struct Ways {
    bindings: Arc<Bindings>,
    outbound: Outbound,
    cf_images: Option<CfImages>,
}

/// The engine's form of a response and of what is left to do for it.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Hooks {
    /// Hooks for one instance.
    pub(crate) fn new(bindings: Arc<Bindings>, outbound: Outbound, shared: Arc<Shared>) -> Self {
        let ways = Ways {
            bindings,
            outbound,
            cf_images: None,
        };
        Self { ways, shared }
    }

    /// The same, with pictures that are transformed on their way.
    #[must_use]
    pub(crate) fn with_cf_images(mut self, cf_images: Option<CfImages>) -> Self {
        self.ways.cf_images = cf_images;
        self
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let dead = self.shared.dead.clone();
        let request = request.map(|body| InstanceBody::new(body, dead, ()).boxed_unsync());
        let context = self.shared.current().context().clone();
        let ways = self.ways.clone();
        Box::new(async move {
            let response = within_head_timeout(options, ways.send(request, context)).await;
            let response = response.map_err(to_engine)?.map(|body| {
                match options.and_then(|options| options.between_bytes_timeout) {
                    Some(limit) => body_to_engine_within(body, limit),
                    None => body_to_engine(body),
                }
            });
            let finished: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, finished))
        })
    }

    // The engine's defaults keep the text of these errors to themselves.

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> P2ErrorCode {
        P2ErrorCode::InternalError(Some(error_chain(error)))
    }

    fn p3_error_from_hyper(&mut self, error: &hyper::Error) -> P3ErrorCode {
        P3ErrorCode::InternalError(Some(error_chain(error)))
    }
}

impl Ways {
    async fn send(self, mut request: http::Request<Body>, context: Arc<RequestContext>) -> Answer {
        let options = CfImageOptions::take(request.headers_mut());
        match (is_bindings_host(request.uri()), options) {
            (true, None) => self.bindings.call(request, context).await,
            (true, Some(_)) => Err(HopError::Service(
                "a transformation is for pictures that are fetched from another host, not for a binding's call".into(),
            )),
            (false, None) => self.outbound.fetch(request, context).await,
            (false, Some(options)) => self.fetch_image(request, &options, context).await,
        }
    }

    /// Sends a request whose picture is transformed on its way.
    async fn fetch_image(
        self,
        request: http::Request<Body>,
        options: &CfImageOptions,
        context: Arc<RequestContext>,
    ) -> Answer {
        let options = options.parse();
        if options.as_ref().is_ok_and(|options| options.is_empty()) {
            return self.outbound.fetch(request, context).await;
        }
        let Some(images) = &self.cf_images else {
            return Err(HopError::Service(
                "transformations are off, as this worker has no Images binding; safelight.image_urls = true turns them on".into(),
            ));
        };
        let (head, _ignored) = request.into_parts();
        match images.fetch(&head, options, &context).await {
            Err(error) if images.fails_open(&head, &error) => {
                let plain = http::Request::from_parts(head, body::full(""));
                self.outbound.fetch(plain, context).await
            }
            Err(error) => Ok(error.to_response()),
            Ok(response) => Ok(response),
        }
    }
}

/// Whether a URI is that of a binding. Names of hosts have no case, and may end in the dot of the root.
fn is_bindings_host(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case(BINDINGS_HOST)
}

/// Waits for a response's head for as long as the guest says, else for as long as the hop allows.
///
/// A service may connect, or wait for a process, before it sends anything, and nothing outside of it tells when: the
/// guest's timeouts for connecting and for the first byte are one limit for both.
async fn within_head_timeout(
    options: Option<RequestOptions>,
    response: impl Future<Output = Answer>,
) -> Answer {
    let limits = options.map(|options| [options.connect_timeout, options.first_byte_timeout]);
    let limits = limits.into_iter().flatten().flatten();
    match limits.reduce(Duration::saturating_add) {
        Some(limit) => tokio::time::timeout(limit, response)
            .await
            .unwrap_or(Err(HopError::Timeout)),
        None => response.await,
    }
}

/// One of a guest's output streams. Its bytes go to the request that the guest works for.
#[derive(Clone)]
pub(crate) struct GuestOutput {
    shared: Arc<Shared>,
    stream: Stream,
}

/// Largest piece that a guest may write at once.
const MAX_WRITE_BYTES: usize = 64 * 1024;

impl GuestOutput {
    /// The given stream of one instance.
    pub(crate) fn new(shared: Arc<Shared>, stream: Stream) -> Self {
        Self { shared, stream }
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        // Lines are prefixed and shared with other requests: nothing for cursors and colours.
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default writes from a task of its own, when another request may be the current one.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.shared.current().write_output(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE_BYTES)
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.shared.current().write_output(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::is_bindings_host;

    #[test]
    fn the_bindings_host_has_no_case_and_may_end_in_a_dot() {
        for host in [
            "bindings.internal",
            "Bindings.INTERNAL:80",
            "bindings.internal.",
        ] {
            let uri = Uri::try_from(format!("http://{host}/IMAGES")).unwrap();
            assert!(is_bindings_host(&uri), "{host}");
        }
        for host in [
            "bindings.internal.example",
            "xbindings.internal",
            "internal",
        ] {
            let uri = Uri::try_from(format!("http://{host}/IMAGES")).unwrap();
            assert!(!is_bindings_host(&uri), "{host}");
        }
    }
}
