//! `fetch` to the internet: every outgoing request that is not for a binding.
//!
//! Each request has a connection of its own, which ends with it: a pool that lets a dropped exchange finish in the
//! background hangs when a host answers before it has read an upload.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use safelight_net::deadline::{Deadlines, Paced, PacedError, Progress};
use tokio::task::AbortHandle;
use tower::{ServiceExt, service_fn};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::bindings::{BindingService, CallContext, layered};
use crate::error::chain;
use crate::faults::{FaultSet, Hop, HopFaults};
use crate::log::Time;
use crate::record::RequestRecord;

/// How long connecting to a host may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a host may take to begin its answer.
const FIRST_BYTE_TIME: Duration = Duration::from_secs(100);

/// Which worker a request is from, as the platform tells.
pub const WORKER: HeaderName = HeaderName::from_static("cf-worker");

/// The client for other hosts; cheap to clone, since every instance has one.
#[derive(Clone)]
pub struct Outbound {
    service: BindingService,
    worker: Option<HeaderValue>,
}

impl Outbound {
    /// The client of the worker of this name. It trusts the certificate authorities of the web and follows no redirects;
    /// these faults may happen to it.
    pub fn to_the_web(worker: &str, deadlines: Deadlines, faults: Arc<FaultSet>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let service = service_fn(move |request| {
            let exchange = exchange(connector.clone(), deadlines, request);
            async move {
                tokio::time::timeout(FIRST_BYTE_TIME, exchange)
                    .await
                    .unwrap_or(Err(Error::HttpResponseTimeout))
            }
        });
        Self {
            service: layered(service, HopFaults::new(Hop::fetch(), faults)),
            worker: HeaderValue::from_str(worker).ok(),
        }
    }

    /// Sends a request to the host in its URI.
    ///
    /// # Errors
    /// When the host cannot be reached, breaks the protocol, or is silent for too long.
    pub async fn fetch(
        &self,
        mut request: http::Request<WasiBody>,
        record: Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let host = host(request.uri());
        let hop = format!("fetch {} {host}", request.method()).into();
        request.extensions_mut().insert(CallContext { hop, record });
        if let Some(worker) = &self.worker {
            request.headers_mut().insert(WORKER, worker.clone());
        }
        self.service.clone().oneshot(request).await
    }
}

fn host(uri: &Uri) -> &str {
    uri.authority().map_or("", |authority| authority.as_str())
}

async fn exchange(
    connector: HttpsConnector<HttpConnector>,
    deadlines: Deadlines,
    request: http::Request<WasiBody>,
) -> Result<http::Response<WasiBody>, Error> {
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::InternalError(Some(format!("connect: {}", chain(&*error))))
    };
    let stream = connector
        .oneshot(request.uri().clone())
        .await
        .map_err(refused)?;
    let stream = Progress::client(TokioIo::new(stream), deadlines.write);
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async move {
        // What goes wrong on a connection reaches the exchange that is on it.
        let _ = driver.await;
    });
    let driver = Driver(driver.abort_handle());
    let response = sender.send_request(on_the_wire(request)?).await?;
    Ok(response.map(|incoming| {
        let body = Connected {
            incoming: Paced::new(incoming, deadlines.body_read),
            _driver: driver,
        };
        body.map_err(broken).boxed_unsync()
    }))
}

/// Why an answer does not go on.
fn broken(error: PacedError<hyper::Error>) -> Error {
    match error {
        PacedError::Broken(error) => Error::Hyper(error),
        PacedError::Stalled(limit) => Error::InternalError(Some(format!(
            "the host stalled: no byte came for {}",
            Time(limit)
        ))),
    }
}

/// The request in origin form, with the host in its header.
fn on_the_wire(request: http::Request<WasiBody>) -> Result<http::Request<WasiBody>, Error> {
    let (mut parts, body) = request.into_parts();
    let host = HeaderValue::from_str(host(&parts.uri)).map_err(|_| Error::HttpRequestUriInvalid)?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::try_from(path).map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.version = Version::HTTP_11;
    parts.headers.insert(HOST, host);
    Ok(http::Request::from_parts(parts, body))
}

/// The task that moves a connection's bytes; dropped, it and the connection end.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response's body, which holds its connection.
struct Connected {
    incoming: Paced<Incoming>,
    _driver: Driver,
}

impl Body for Connected {
    type Data = Bytes;
    type Error = PacedError<hyper::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::{BodyExt, StreamBody};
    use safelight_net::deadline::Deadlines;
    use tokio::net::TcpListener;

    use super::Outbound;
    use crate::error::inner;
    use crate::log::{Log, Memory};
    use crate::record::RequestRecord;

    #[tokio::test]
    async fn a_host_that_does_not_read_an_upload_is_given_up() {
        let deadlines = Deadlines {
            write: Duration::from_millis(300),
            ..Deadlines::default()
        };
        let outbound = Outbound::to_the_web("test", deadlines, Arc::default());
        // The system accepts the connection, and nobody reads it.
        let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pieces = std::iter::repeat_with(|| Ok(Frame::data(Bytes::from(vec![0; 65_536]))));
        let endless = StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync();
        let mut request = http::Request::post(format!("http://{}/", host.local_addr().unwrap()));
        request = request.header("transfer-encoding", "chunked");
        let record = RequestRecord::of_nobody(Log::new(Memory::default()));
        let answer = outbound.fetch(request.body(endless).unwrap(), record).await;
        let error = inner(&answer.map(|_| ()).unwrap_err());
        assert!(
            error.contains("the peer has read nothing for 300ms"),
            "{error}"
        );
    }
}
