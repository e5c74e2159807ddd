//! `fetch` to the internet: every outgoing request that is not for a binding.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::{ServiceExt, service_fn};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::bindings::{BindingService, CallContext, layered};
use crate::error::chain;
use crate::faults::{FaultLayer, FaultSet, Hop};
use crate::record::RequestRecord;

/// How long connecting to a host may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a host may take to begin its answer, unless the guest asks for less.
const FIRST_BYTE_TIME: Duration = Duration::from_secs(100);
/// How long an unused connection is kept.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// The client for other hosts; cheap to clone, since every instance has one.
#[derive(Clone)]
pub struct Outbound(BindingService);

impl Outbound {
    /// A client that trusts the certificate authorities of the web and follows no redirects; these faults may happen to it.
    pub fn to_the_web(faults: Arc<FaultSet>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let client: Client<HttpsConnector<HttpConnector>, WasiBody> =
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE_TIME)
                .pool_timer(TokioTimer::new())
                .build(connector);
        let service = service_fn(move |request| {
            let response = client.request(request);
            async move {
                match response.await {
                    Ok(response) => {
                        Ok(response.map(|body| body.map_err(Error::Hyper).boxed_unsync()))
                    }
                    Err(error) if error.is_connect() => {
                        Err(Error::Connect(std::io::Error::other(error)))
                    }
                    Err(error) => Err(Error::InternalError(Some(chain(&error)))),
                }
            }
        });
        Self(layered(service, FaultLayer::new(Hop::fetch(), faults)))
    }

    /// Sends a request to the host in its URI.
    ///
    /// # Errors
    /// When the host cannot be reached, breaks the protocol, or is silent for too long.
    pub async fn fetch(
        &self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        record: Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Error> {
        if options.is_some_and(|options| options.between_bytes_timeout.is_some()) {
            return Err(Error::InternalError(Some(
                "the request option between-bytes-timeout is not supported yet".into(),
            )));
        }
        let patience = [
            options.and_then(|options| options.connect_timeout),
            options.and_then(|options| options.first_byte_timeout),
        ];
        let patience = patience
            .into_iter()
            .flatten()
            .reduce(|a, b| a.saturating_add(b));
        let host = request
            .uri()
            .authority()
            .map_or("", |authority| authority.as_str());
        let hop = format!("fetch {} {host}", request.method()).into();
        request.extensions_mut().insert(CallContext { hop, record });
        tokio::time::timeout(
            patience.unwrap_or(FIRST_BYTE_TIME),
            self.0.clone().oneshot(request),
        )
        .await
        .unwrap_or(Err(Error::HttpResponseTimeout))
    }
}
