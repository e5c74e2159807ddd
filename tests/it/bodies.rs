//! Bodies arrive complete or visibly broken, in both directions and through every kind of worker.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{get, post};
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

const MB: usize = 1_000_000;

/// Bytes in which every piece differs from its neighbours.
fn content(length: usize) -> Bytes {
    (0..length as u64)
        .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0])
        .collect()
}

#[tokio::test]
async fn a_passed_on_body_is_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for length in [0, 1, 65_536, 15 * MB] {
        let sent = content(length);
        let answer = post(server.address, "/echo", sent.clone()).await;
        assert_eq!(answer.broken, None);
        assert!(
            answer.body == sent,
            "{length} bytes came back as {}",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn a_body_copied_through_the_guest_is_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for path in ["/pump", "/pump-late"] {
        let sent = content(15 * MB);
        let answer = post(server.address, path, sent.clone()).await;
        assert_eq!(answer.broken, None);
        assert!(
            answer.body == sent,
            "{path}: {} bytes came back",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn a_slow_stream_without_length_is_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/slow-stream?pieces=10&ms=20").await;
    assert_eq!(answer.text().lines().count(), 10);
}

#[tokio::test]
async fn a_stream_whose_instance_panics_is_broken_for_the_client() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for _ in 0..10 {
        let answer = get(server.address, "/stream-then-panic?pieces=3").await;
        assert_eq!(answer.status, 200);
        assert!(answer.broken.is_some(), "{answer:?}");
    }
    server
        .line(|line| line.contains("/stream-then-panic") && line.contains("BROKEN"))
        .await;
    server
        .line(|line| line.contains("the worker panicked or trapped"))
        .await;
}

#[tokio::test]
async fn a_stream_that_fails_is_broken_for_the_client() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/stream-then-error?pieces=3").await;
    assert_eq!(answer.status, 200);
    assert!(answer.broken.is_some(), "{answer:?}");
}

#[tokio::test]
async fn a_stream_whose_instance_is_killed_by_another_request_is_broken_for_the_client() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /stream-then-die-by-neighbour?pieces=3 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"piece 3\n\r\n") {
        answer.push(client.read_u8().await.unwrap());
    }
    let rest = tokio::spawn(async move {
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.map(|_| rest)
    });
    // The instance of the stream is one of several, so the panic is repeated until it hits that one.
    let panics = async {
        while !rest.is_finished() {
            get(server.address, "/panic").await;
        }
    };
    timeout(TEST_TIMEOUT, panics)
        .await
        .expect("no panic hits the instance");
    // The last chunk, which is empty, never comes.
    assert_eq!(rest.await.unwrap().unwrap(), b"");
}

#[tokio::test]
async fn an_upload_that_the_worker_ignores_does_not_cut_the_answer() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let upload = content(15 * MB);
    for _ in 0..20 {
        let answer = post(
            server.address,
            "/ignore-upload?bytes=15000000",
            upload.clone(),
        )
        .await;
        assert_eq!((answer.broken, answer.body.len()), (None, 15 * MB));
    }
}

#[tokio::test]
async fn an_upload_that_breaks_never_looks_whole_to_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for head in [
        "content-length: 1000000\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        let request = format!("POST /read HTTP/1.1\r\nhost: localhost\r\n{head}\r\n5\r\nhello\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        let _ = client.read_to_string(&mut answer).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_noticed_and_harms_nobody() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /slow-stream?pieces=100000&ms=1 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 200];
    client.read_exact(&mut some).await.unwrap();
    drop(client);
    server
        .line(|line| line.contains("/slow-stream") && line.contains("the client left"))
        .await;
    assert_eq!(get(server.address, "/host").await.status, 200);
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_upload_is_asked() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for path in ["/echo", "/pump", "/read"] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; 25];
        client.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n", "{path}");
        client.write_all(b"hello").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_request_without_host_is_refused() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
