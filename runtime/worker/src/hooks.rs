//! What a guest reaches beyond itself: outgoing requests and its two output streams.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode as P2ErrorCode;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode as P3ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::bindings::Bindings;
use crate::body::Guarded;
use crate::cf_image::{self, CfImages};
use crate::error::chain;
use crate::instance::Shared;
use crate::outbound::Outbound;
use crate::record::Stream;

/// The host name behind which a worker finds its bindings. It never reaches a network.
pub const BINDINGS_HOST: &str = "bindings.internal";

/// Where the outgoing requests of one instance go.
pub struct Hooks {
    bindings: Arc<Bindings>,
    outbound: Outbound,
    cf_images: Option<CfImages>,
    shared: Arc<Shared>,
}

/// The engine's form of a response and of what is left to do for it.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Hooks {
    /// Hooks for one instance.
    pub fn new(bindings: Arc<Bindings>, outbound: Outbound, shared: Arc<Shared>) -> Self {
        Self {
            bindings,
            outbound,
            cf_images: None,
            shared,
        }
    }

    /// The same, with pictures that are changed on their way.
    pub fn with_cf_images(self, cf_images: Option<CfImages>) -> Self {
        Self { cf_images, ..self }
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
        let request = request.map(|body| Guarded::new(body, dead, ()).boxed_unsync());
        let record = self.shared.current();
        let bindings = self.bindings.clone();
        let outbound = self.outbound.clone();
        let cf_images = self.cf_images.clone();
        Box::new(async move {
            let mut request = request;
            let wanted = cf_image::take(request.headers_mut());
            let response = match (is_bindings_host(request.uri()), wanted) {
                (true, None) => patiently(options, bindings.call(request, record)).await?,
                (true, Some(_)) => return Err(cf_image::not_for_bindings()),
                (false, None) => patiently(options, outbound.fetch(request, record)).await?,
                (false, Some(wanted)) => {
                    let images = cf_images.as_ref();
                    let fetch = cf_image::fetch(images, (request, wanted), &outbound, record);
                    patiently(options, fetch).await?
                }
            };
            let finished: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, finished))
        })
    }

    // The engine's defaults keep the text of these errors to themselves.

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> P2ErrorCode {
        P2ErrorCode::InternalError(Some(chain(error)))
    }

    fn p3_error_from_hyper(&mut self, error: &hyper::Error) -> P3ErrorCode {
        P3ErrorCode::InternalError(Some(chain(error)))
    }
}

/// Names of hosts have no case, and may end in the dot of the root.
fn is_bindings_host(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case(BINDINGS_HOST)
}

/// Waits for a response's head for as long as the guest says; without its word, for as long as the hop allows.
async fn patiently<T>(
    options: Option<RequestOptions>,
    response: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(options) = options else {
        return response.await;
    };
    if options.between_bytes_timeout.is_some() {
        return Err(Error::InternalError(Some(
            "the request option between-bytes-timeout is not supported yet".into(),
        )));
    }
    let patience = [options.connect_timeout, options.first_byte_timeout];
    match patience
        .into_iter()
        .flatten()
        .reduce(Duration::saturating_add)
    {
        Some(patience) => tokio::time::timeout(patience, response)
            .await
            .unwrap_or(Err(Error::HttpResponseTimeout)),
        None => response.await,
    }
}

/// One of a guest's output streams; what is written goes to the request that the guest works for.
#[derive(Clone)]
pub struct GuestOutput {
    shared: Arc<Shared>,
    stream: Stream,
}

/// Largest piece that a guest may write at once.
const WRITE_BYTES: usize = 64 * 1024;

impl GuestOutput {
    /// The given stream of one instance.
    pub fn new(shared: Arc<Shared>, stream: Stream) -> Self {
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
        Ok(WRITE_BYTES)
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
