//! Requests in one line, by the harness's client. A failure panics, so that a test stops at the first surprise.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use safelight_harness::{Client, HarnessError};

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

/// Gets a path whose answer may break even before its head, which hyper holds back as long as it has more to do.
///
/// The error is the reason for which there is no answer.
pub(crate) async fn try_get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    match client(address).get(path).await {
        Ok(answer) => Ok(answer),
        Err(HarnessError::NoAnswer(why)) => Err(why),
        Err(error) => panic!("{error}"),
    }
}
