//! Requests in one line, by the harness's client. A failure panics, so that a test stops at the first surprise.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use safelight_harness::Client;

pub(crate) use safelight_harness::Answer;

use crate::dev_server::TEST_TIMEOUT;

fn client(address: SocketAddr) -> Client {
    Client::new(address, TEST_TIMEOUT)
}

/// Gets a path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    client(address).get(path).await.expect("a response")
}

/// Posts a body to a path.
pub(crate) async fn post(address: SocketAddr, path: &str, body: impl Into<Bytes>) -> Answer {
    client(address).post(path, body).await.expect("a response")
}

/// Sends a request whose URI is a path.
pub(crate) async fn send(address: SocketAddr, request: Request<Bytes>) -> Answer {
    client(address).send(request).await.expect("a response")
}
