//! Requests in one line, by the harness's strict client, for tests that stop at the first surprise.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use safelight_harness::{Client, HarnessError};

pub(crate) use safelight_harness::Answer;

use crate::dev_server::PATIENCE;

/// Gets a path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    try_get(address, path).await.expect("a response")
}

/// Posts a body to a path.
pub(crate) async fn post(address: SocketAddr, path: &str, body: impl Into<Bytes>) -> Answer {
    let client = Client::new(address, PATIENCE);
    client.post(path, body).await.expect("a response")
}

/// Sends a request whose URI is a path.
pub(crate) async fn send(address: SocketAddr, request: Request<Bytes>) -> Answer {
    let client = Client::new(address, PATIENCE);
    client.send(request).await.expect("a response")
}

/// Gets a path whose answer may break even before its head, which hyper holds back as long as it has more to do.
///
/// The text is why there is no answer.
pub(crate) async fn try_get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    match Client::new(address, PATIENCE).get(path).await {
        Ok(answer) => Ok(answer),
        Err(HarnessError::NoAnswer(why)) => Err(why),
        Err(error) => panic!("{error}"),
    }
}
