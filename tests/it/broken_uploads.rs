//! Uploads that break off: the log names the party that broke them off, and never the images process that waited for them.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

const CALL: &str = "IMAGES /transform 400 9523: the upload broke off: ";

/// Begins an upload for Images and sends only a part of it: more than the kernel keeps for a reader, so the call has begun by then.
async fn begin(server: &DevServer) -> TcpStream {
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /upload-image HTTP/1.1\r\nhost: localhost\r\ncontent-length: 19000000\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![0; 18_000_000]).await.unwrap();
    client
}

/// Nothing says that the images process has failed, and it has not been replaced.
fn nobody_else_is_blamed(server: &DevServer) {
    let log = server.lines();
    let blames = ["the images process", "FAILED"];
    let blamed = |line: &&String| blames.iter().any(|words| line.contains(words));
    assert_eq!(log.iter().find(blamed), None, "{log:#?}");
}

#[tokio::test]
async fn a_client_that_stops_sending_is_named() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = begin(&server).await;
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    let read = client.read_to_string(&mut answer);
    timeout(TEST_TIMEOUT, read)
        .await
        .expect("no answer")
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(
        answer.contains("the client broke off its upload"),
        "{answer}"
    );
    let line = server.line(|line| line.contains(CALL)).await;
    assert!(line.contains("the client broke off its upload"), "{line}");
    nobody_else_is_blamed(&server);
}

#[tokio::test]
async fn a_client_that_leaves_is_named() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let client = begin(&server).await;
    SockRef::from(&client)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(client);
    let line = server.line(|line| line.contains("/transform")).await;
    assert!(line.contains("the client broke off its upload"), "{line}");
    nobody_else_is_blamed(&server);
}

#[tokio::test]
async fn a_worker_that_stops_sending_is_named_with_its_reason() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    assert_eq!(get(server.address, "/broken-upload").await.status, 500);
    let line = server.line(|line| line.contains(CALL)).await;
    assert!(line.contains("this upload fails on purpose"), "{line}");
    nobody_else_is_blamed(&server);
}

/// The body of a host's answer is an upload as well, once it is passed on.
#[tokio::test]
async fn a_hop_whose_answer_was_passed_on_is_named_with_its_counts() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let request = http::Request::get("/photo-of-photo")
        .header(
            safelight_harness::FAULT_HEADER,
            "IMAGES:truncate=5000,nth=1",
        )
        .body(bytes::Bytes::new())
        .unwrap();
    let answer = crate::client::send(server.address, request).await;
    assert_eq!(answer.status, 500, "{answer:?}");
    let line = server.line(|line| line.contains(CALL)).await;
    assert!(
        line.contains("the answer of IMAGES was cut short") && line.contains("5000 received"),
        "{line}"
    );
}
