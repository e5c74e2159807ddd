//! `fetch` to the internet: every outgoing request that is not for a binding.
//!
//! Each request has a connection of its own, which ends with it: a pool that lets a dropped exchange finish in the
//! background hangs when a host answers before it has read an upload.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::head::origin_form;
use safelight_hop::inject::HopFaults;
use safelight_hop::{Answer, BindingService, Body, Call, HopError, RequestContext, layered};
use safelight_net::Deadlines;
use safelight_net::deadline::{ReadTimeoutBody, ReadTimeoutError, TimeoutStream};
use safelight_net::exchange::Connection;
use safelight_protocol::headers::WORKER;
use tower::{ServiceExt as _, service_fn};

/// Time to connect to a host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to the head of a host's response.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(100);

/// The client for other hosts. It is cheap to clone, since every instance has one.
#[derive(Clone)]
pub struct Outbound {
    service: BindingService,
    worker: Option<HeaderValue>,
}

impl Outbound {
    /// The client of the worker of this name. It trusts the web's certificate authorities and follows no redirects.
    /// `faults` apply to its requests.
    pub fn new(worker: &str, deadlines: Deadlines, faults: Arc<FaultSet>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let service = service_fn(move |call: Call| {
            let exchange = exchange(connector.clone(), deadlines, call.request);
            async move {
                tokio::time::timeout(FIRST_BYTE_TIMEOUT, exchange)
                    .await
                    .unwrap_or(Err(HopError::Timeout))
            }
        });
        Self {
            service: layered(service, HopFaults::new(Hop::fetch(), faults)),
            worker: HeaderValue::from_str(worker).ok(),
        }
    }

    /// Sends a request to the host in its URI. `between_bytes` is the guest's limit of the response's pauses.
    ///
    /// # Errors
    /// When the host cannot be reached, violates the protocol, or exceeds a timeout.
    pub async fn fetch(
        &self,
        mut request: http::Request<Body>,
        context: Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Answer {
        let host = host(request.uri());
        let hop = format!("fetch {} {host}", request.method()).into();
        if let Some(worker) = &self.worker {
            request.headers_mut().insert(WORKER, worker.clone());
        }
        let call = Call::new(hop, request, context).with_between_bytes(between_bytes);
        self.service.clone().oneshot(call).await
    }
}

fn host(uri: &Uri) -> &str {
    uri.authority().map_or("", |authority| authority.as_str())
}

async fn exchange(
    connector: HttpsConnector<HttpConnector>,
    deadlines: Deadlines,
    request: http::Request<Body>,
) -> Answer {
    let host = HeaderValue::from_str(host(request.uri())).map_err(|_| HopError::InvalidUri)?;
    let stream = connector
        .oneshot(request.uri().clone())
        .await
        .map_err(HopError::Connect)?;
    let stream = TimeoutStream::client(TokioIo::new(stream), deadlines.write);
    let mut connection = Connection::handshake(TokioIo::new(stream)).await?;
    let response = connection.send(origin_form(request, host)?).await?;
    let guard = connection.into_guard();
    Ok(response.map(|incoming| {
        let body = ReadTimeoutBody::new(incoming, deadlines.body_read);
        // The body owns the guard, so the connection stays open while the body is read.
        body.map_err(move |error| {
            let _connection = &guard;
            body_error(error)
        })
        .boxed_unsync()
    }))
}

/// The error of a response's body.
fn body_error(error: ReadTimeoutError<hyper::Error>) -> HopError {
    match error {
        ReadTimeoutError::Body(error) => HopError::Http(error),
        ReadTimeoutError::Timeout(limit) => HopError::HostStalled(limit),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use safelight_hop::RequestContext;
    use safelight_hop::log::{Log, MemoryLog};
    use safelight_net::Deadlines;
    use tokio::net::TcpListener;

    use super::Outbound;

    #[tokio::test]
    async fn a_host_that_does_not_read_an_upload_is_given_up() {
        let deadlines = Deadlines {
            write: Duration::from_millis(300),
            ..Deadlines::default()
        };
        let outbound = Outbound::new("test", deadlines, Arc::default());
        // The system accepts the connection, and no program reads from it.
        let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pieces = std::iter::repeat_with(|| Ok(Frame::data(Bytes::from(vec![0; 65_536]))));
        let endless = StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync();
        let mut request = http::Request::post(format!("http://{}/", host.local_addr().unwrap()));
        request = request.header("transfer-encoding", "chunked");
        let context = RequestContext::background(Log::new(MemoryLog::default()));
        let answer = outbound.fetch(request.body(endless).unwrap(), context, None);
        // A regression fails here instead of hanging.
        let answer = tokio::time::timeout(Duration::from_secs(60), answer).await;
        let error = answer.expect("the host is given up").map(|_| ());
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("the peer has read nothing for 300ms"),
            "{error}"
        );
    }
}
