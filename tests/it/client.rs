//! The harness's strict client, for tests that stop at the first surprise.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use safelight_harness::Client;

pub(crate) use safelight_harness::Answer;

use crate::dev_server::PATIENCE;

/// Gets a path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    Client::new(address, PATIENCE).get(path).await.unwrap()
}

/// Posts a body to a path.
pub(crate) async fn post(address: SocketAddr, path: &str, body: impl Into<Bytes>) -> Answer {
    let client = Client::new(address, PATIENCE);
    client.post(path, body).await.unwrap()
}

/// Sends a request.
pub(crate) async fn send(address: SocketAddr, request: Request<Bytes>) -> Answer {
    Client::new(address, PATIENCE).send(request).await.unwrap()
}
