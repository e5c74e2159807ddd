//! A strict HTTP client with one connection per request. It keeps the bytes of a broken transfer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::HarnessError;

/// The answer to a request, whole or broken.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes that arrived.
    pub body: Vec<u8>,
    /// The reason for which the body is incomplete: a wrong length, a missing last chunk, a connection that was cut.
    pub broken: Option<String>,
}

impl Answer {
    /// Returns whether the body arrived to its end.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none()
    }

    /// The body as text.
    ///
    /// # Panics
    /// Panics when the transfer broke, or the body is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        assert_eq!(self.broken, None, "the transfer broke");
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is not text: {error}"),
        }
    }

    /// The value of a header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Sends requests to one address.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    address: SocketAddr,
    timeout: Duration,
}

impl Client {
    /// A client whose requests take at most `timeout`, to the last byte of the answer.
    pub fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self { address, timeout }
    }

    /// Gets a path.
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn get(&self, path: &str) -> Result<Answer, HarnessError> {
        self.send(request(Method::GET, path, Bytes::new())?).await
    }

    /// Posts a body to a path.
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Answer, HarnessError> {
        self.send(request(Method::POST, path, body.into())?).await
    }

    /// Sends a request whose URI is a path, on a connection of its own, and reads the answer to its end or until it breaks.
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn send(&self, mut request: Request<Bytes>) -> Result<Answer, HarnessError> {
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::try_from(self.address.to_string())
                .map_err(|error| HarnessError::InvalidRequest(error.to_string()))?;
            request.headers_mut().insert(HOST, host);
        }
        let exchange = exchange(self.address, request.map(Full::new));
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(HarnessError::AnswerTimeout))
    }
}

fn request(method: Method, path: &str, body: Bytes) -> Result<Request<Bytes>, HarnessError> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(body)
        .map_err(|error| HarnessError::InvalidRequest(error.to_string()))
}

async fn exchange(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Answer, HarnessError> {
    let none = |error: &dyn std::fmt::Debug| HarnessError::NoAnswer(format!("{error:?}"));
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| none(&error))?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| none(&error))?;
    // The connection is dropped together with this future, so that an abandoned request leaves none behind.
    let mut driver = std::pin::pin!(driver);
    let answer = async {
        let response = sender.send_request(request).await;
        let (parts, mut body) = response.map_err(|error| none(&error))?.into_parts();
        let mut answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: Vec::new(),
            broken: None,
        };
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => answer
                    .body
                    .extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Err(error) => {
                    answer.broken = Some(format!("{error:?}"));
                    break;
                }
            }
        }
        Ok(answer)
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection has ended; the bytes that it delivered are still to be read.
        _ = &mut driver => answer.await,
    }
}
