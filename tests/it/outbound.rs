//! `fetch` to other hosts: here another dev server, which misbehaves when asked to.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;

#[tokio::test]
async fn an_answer_of_another_host_is_passed_on_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let other = DevServer::start(guests::misbehaving(), "").await;
    let path = format!(
        "/fetch?url=http://{}/ignore-upload?bytes=3000000",
        other.address
    );
    let answer = get(server.address, &path).await;
    assert_eq!(
        (answer.status.as_u16(), answer.broken, answer.body.len()),
        (200, None, 3_000_000)
    );
    let hop = format!("fetch GET {} /ignore-upload 200", other.address);
    server.line(|line| line.contains(&hop)).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_broken_for_the_client_too() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let other = DevServer::start(guests::misbehaving(), "").await;
    let path = format!(
        "/fetch?url=http://{}/stream-then-panic?pieces=3",
        other.address
    );
    let answer = get(server.address, &path).await;
    assert_eq!(answer.status, 200);
    assert!(answer.broken.is_some(), "{answer:?}");
    server
        .line(|line| line.contains("fetch GET") && line.contains("FAILED: "))
        .await;
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_an_error_for_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    // A socket that is bound and does not listen refuses connections, and keeps its port from others.
    let refusing = tokio::net::TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = refusing.local_addr().unwrap();
    let answer = get(server.address, &format!("/fetch?url=http://{address}/")).await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("Connection refused"), "{answer:?}");
}

#[tokio::test]
async fn a_host_that_stops_in_the_middle_of_its_answer_is_given_up() {
    let deadlines = "[safelight.deadlines]\nbody_read_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = format!("/fetch?url=http://{}/", host.local_addr().unwrap());
    let host = tokio::spawn(async move {
        let (mut stream, _) = host.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf ";
        stream.write_all(begun).await.unwrap();
        stream
    });
    let answer = get(server.address, &path).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (200, &b"half "[..])
    );
    assert!(answer.broken.is_some(), "{answer:?}");
    let line = server.line(|line| line.contains("fetch GET")).await;
    assert!(
        line.contains("the host stalled: no byte came for 300.0 ms"),
        "{line}"
    );
    drop(host.await.unwrap());
}

#[tokio::test]
async fn a_source_that_fails_is_told_with_its_status() {
    let host = crate::hosts::Host::start(|_| crate::hosts::answer(500, "", b"no")).await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let path = format!("/cdn-cgi/image/width=8/{}", host.url("/a.png"));
    assert_eq!(get(server.address, &path).await.status, 502);
    let line = server
        .line(|line| line.contains("image-source /a.png"))
        .await;
    assert!(line.contains("500 Internal Server Error"), "{line}");
    assert!(!line.contains("the worker"), "{line}");
}
