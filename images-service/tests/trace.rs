//! The transport records of the process match what its client saw.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{future::pending, path::Path};

use safelight_images::{Limits, PixelProgram, run};
use safelight_net::socket::bind;
use safelight_protocol::trace::{Transport, TransportEnd};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// Sends bytes on a connection of its own and returns everything that comes back.
async fn exchange(socket: &Path, request: &str) -> Vec<u8> {
    let mut client = UnixStream::connect(socket).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    answer
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n")
}

fn body(answer: &[u8]) -> &str {
    let text = std::str::from_utf8(answer).unwrap();
    text.split_once("\r\n\r\n").unwrap().1
}

/// Starts a process that keeps the transports of this many calls, as long as the test runs.
fn serve(transports: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let bound = bind(&path).unwrap();
    let limits = Limits {
        transports,
        ..Limits::default()
    };
    let program = PixelProgram {
        program: env!("CARGO_BIN_EXE_safelight-pixels").into(),
        arguments: Vec::new(),
    };
    tokio::spawn(run(bound.listener, limits, program, pending()));
    (folder, path)
}

#[tokio::test]
async fn the_writes_add_up_to_the_answer_with_its_head() {
    let (_folder, socket) = serve(10);
    let request = get("/health", "safelight-request: 7\r\nsafelight-call: 2\r\n");
    let answer = exchange(&socket, &request).await;
    let told = exchange(&socket, &get("/trace?request=7", "")).await;
    let told: Vec<Transport> = serde_json::from_str(body(&told)).unwrap();
    let [transport] = told.as_slice() else {
        panic!("{told:#?}");
    };
    assert_eq!((transport.request, transport.call), (7, 2));
    assert_eq!(transport.written_bytes, answer.len() as u64);
    assert_eq!(transport.read_bytes, request.len() as u64);
    assert_eq!(transport.end, TransportEnd::Closed);
}

#[tokio::test]
async fn a_request_without_numbers_is_not_kept_and_an_unknown_one_has_no_calls() {
    let (_folder, socket) = serve(10);
    exchange(&socket, &get("/health", "")).await;
    for number in [0, 7] {
        let told = exchange(&socket, &get(&format!("/trace?request={number}"), "")).await;
        assert_eq!(body(&told), "[]");
    }
}

#[tokio::test]
async fn a_process_that_records_nothing_says_how_to_begin() {
    let (_folder, socket) = serve(0);
    let told = exchange(&socket, &get("/trace?request=7", "")).await;
    assert!(body(&told).contains("--trace-keep"), "{}", body(&told));
}
