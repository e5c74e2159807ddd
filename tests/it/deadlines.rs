//! Clients that stop: each connection is closed after its deadline, and no other client is affected.

use std::path::Path;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT, project};
use crate::guests::{self, SAFELIGHT};
use crate::slow_reader::SlowReader;

const GIVEN_UP: &str = "a connection was given up: its client has read nothing for 300.0 ms";

async fn server(deadline: &str) -> DevServer {
    let config = format!("[safelight.deadlines]\n{deadline}\n");
    DevServer::start(guests::misbehaving(), &config).await
}

#[tokio::test]
async fn a_head_that_does_not_end_closes_the_connection() {
    let server = server("header_read_ms = 300").await;
    // The third begins like HTTP/2, so its version is not known yet.
    for begun in [
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ",
        "PRI * ",
    ] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _reset = tokio::time::timeout(TEST_TIMEOUT, client.read_to_end(&mut answer))
            .await
            .unwrap_or_else(|_| panic!("{begun:?} keeps its connection"));
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{begun:?}");
    }
}

#[tokio::test]
async fn a_closed_connection_is_an_event_in_the_log() {
    let deadline = "[safelight.deadlines]\nheader_read_ms = 300\n";
    let folder = project(guests::misbehaving(), deadline);
    let program = folder.path().join("safelight");
    let script = format!("#!/bin/sh\nRUST_LOG=safelight_net=debug exec '{SAFELIGHT}' \"$@\"\n");
    install(&script, &program);
    let server = safelight_harness::DevServer::builder(folder.path())
        .program(&program)
        .timeout(TEST_TIMEOUT);
    let server = server.start().await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    client.write_all(b"GET / HT").await.unwrap();
    let closed = "DEBUG closed a connection whose client sends no request";
    let line = server.wait_for_line(|line| line.contains(closed)).await;
    assert_eq!(line.unwrap(), closed);
}

/// Writes a program. Another process does, since a file is busy while a child of another test has its descriptor.
fn install(script: &str, program: &Path) {
    let source = program.with_extension("source");
    std::fs::write(&source, script).unwrap();
    let install = Command::new("install")
        .args(["-m", "700"])
        .args([&source, program])
        .status();
    assert!(install.unwrap().success());
}

#[tokio::test]
async fn an_upload_that_stops_is_an_error_for_the_worker_and_a_line_in_the_log() {
    let server = server("body_read_ms = 300").await;
    for head in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        let request =
            format!("POST /read HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n5\r\nhello\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(TEST_TIMEOUT, client.read_to_string(&mut answer))
            .await
            .expect("the upload keeps its connection")
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    }
    server
        .line(|line| line.contains("the upload stalled: no byte came for 300.0 ms"))
        .await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let server = server("write_ms = 300").await;
    let client = SlowReader::post(server.address, "/ignore-upload?bytes=15000000", b"").await;
    server.line(|line| line.contains(GIVEN_UP)).await;
    assert!(client.rest().await.len() < 15_000_000);
    assert_eq!(get(server.address, "/host").await.status, 200);
}

/// The worker answers with what it has of the upload, and the client reads only when it has sent everything.
#[tokio::test]
async fn two_ends_that_both_write_do_not_wait_for_each_other_for_ever() {
    let server = server("write_ms = 300").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n")
        .await
        .unwrap();
    let piece = vec![b'x'; 1_000_000];
    let writing = async { while client.write_all(&piece).await.is_ok() {} };
    tokio::time::timeout(TEST_TIMEOUT, writing)
        .await
        .expect("both wait for ever");
    server.line(|line| line.contains(GIVEN_UP)).await;
    assert_eq!(get(server.address, "/host").await.status, 200);
}
