//! A store on another machine, by the S3 protocol over hyper's client.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, RetryConfig};
use tokio::time::timeout;

use safelight_config::S3;

/// Maximum wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum wait for the head of an answer, which includes the upload of up to 8 MB.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum wait for the next piece of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time for the retries of a request.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// The credentials of the store. They are never in a config, because configs are shared.
#[derive(Clone)]
pub struct Credentials {
    pub key_id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Credentials {
    /// Reads the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if it is set, `AWS_SESSION_TOKEN`.
    ///
    /// # Errors
    /// Fails when a variable is missing. The error names it.
    pub fn from_environment() -> anyhow::Result<Self> {
        let variable = |name| {
            std::env::var(name).with_context(|| {
                format!("read the variable {name}, which safelight.storage.endpoint needs")
            })
        };
        Ok(Self {
            key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret: variable("AWS_SECRET_ACCESS_KEY")?,
            token: std::env::var("AWS_SESSION_TOKEN").ok(),
        })
    }
}

/// Connects to the store of the config.
pub(super) fn connect(s3: &S3, credentials: &Credentials) -> anyhow::Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new()
        .with_endpoint(&s3.endpoint)
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_access_key_id(&credentials.key_id)
        .with_secret_access_key(&credentials.secret)
        .with_virtual_hosted_style_request(false)
        .with_allow_http(s3.endpoint.starts_with("http://"))
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        })
        .with_http_connector(Connector);
    if let Some(token) = &credentials.token {
        builder = builder.with_token(token);
    }
    builder
        .build()
        .with_context(|| format!("use the store at {}", s3.endpoint))
}

/// Makes the HTTP client. The options of `object_store` are for features that S3 does not need, and are ignored.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = TcpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(HttpClient::new(Sender {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }))
    }
}

#[derive(Debug)]
struct Sender {
    client: Client<HttpsConnector<TcpConnector>, HttpRequestBody>,
}

#[async_trait::async_trait]
impl HttpService for Sender {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = timeout(HEAD_TIMEOUT, self.client.request(request)).await;
        let response = response.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let response = response.map_err(|error| {
            let kind = match error.is_connect() {
                true => HttpErrorKind::Connect,
                false => HttpErrorKind::Request,
            };
            HttpError::new(kind, error)
        })?;
        Ok(response.map(|body| {
            let pieces = stream::unfold(Some(body), next);
            HttpResponseBody::new(StreamBody::new(Box::pin(pieces)))
        }))
    }
}

/// The next piece of an answer, with a timeout.
async fn next(
    body: Option<Incoming>,
) -> Option<(Result<Frame<Bytes>, HttpError>, Option<Incoming>)> {
    let mut body = body?;
    match timeout(READ_TIMEOUT, body.frame()).await {
        Ok(Some(Ok(frame))) => Some((Ok(frame), Some(body))),
        Ok(Some(Err(error))) => {
            Some((Err(HttpError::new(HttpErrorKind::Interrupted, error)), None))
        }
        Ok(None) => None,
        Err(late) => Some((Err(HttpError::new(HttpErrorKind::Timeout, late)), None)),
    }
}
