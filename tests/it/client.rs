//! A strict HTTP client: one connection per request, and what came of a transfer that broke.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::dev_server::PATIENCE;

/// What a client got for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Why the body did not end as it should.
    pub(crate) broken: Option<String>,
}

impl Answer {
    /// The body as text; the transfer must have been whole.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.broken, None);
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Gets a path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, request(Method::GET, address, path, Bytes::new())).await
}

/// Posts a body to a path.
pub(crate) async fn post(address: SocketAddr, path: &str, body: impl Into<Bytes>) -> Answer {
    send(address, request(Method::POST, address, path, body.into())).await
}

fn request(method: Method, address: SocketAddr, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .body(Full::new(body))
        .unwrap()
}

/// Gets a path whose answer may break even before its head, which hyper holds back as long as it has more to do.
pub(crate) async fn try_get(address: SocketAddr, path: &str) -> hyper::Result<Answer> {
    exchange(address, request(Method::GET, address, path, Bytes::new())).await
}

/// Sends a request and reads the answer to its end, whatever that is.
pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    exchange(address, request).await.expect("a response")
}

/// Sends a request on a connection of its own.
async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let exchange = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(driver);
        let (parts, mut body) = sender.send_request(request).await?.into_parts();
        let mut answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: Vec::new(),
            broken: None,
        };
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => answer.body.extend_from_slice(frame.data_ref().unwrap()),
                Err(error) => {
                    answer.broken = Some(format!("{error:?}"));
                    break;
                }
            }
        }
        driver.abort();
        Ok(answer)
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .expect("the request hangs")
}
