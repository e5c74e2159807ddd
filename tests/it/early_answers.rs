//! Answers that come before the end of an upload: the upload is read to its end, and its connection stays usable.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;
use crate::processes::{connections, images_child, socket_folder};
use crate::supervision::signal;

const MB: usize = 1_000_000;

/// A client that sends a request piece by piece, on one connection.
struct Client(TcpStream);

impl Client {
    async fn connect(server: &DevServer) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(TEST_TIMEOUT, self.0.write_all(bytes.as_ref()))
            .await
            .expect("nobody takes what is sent")
            .unwrap();
    }

    /// An answer with a content-length.
    async fn answer(&mut self) -> String {
        timeout(TEST_TIMEOUT, self.read()).await.expect("no answer")
    }

    async fn read(&mut self) -> String {
        let mut got = String::new();
        loop {
            if let Some((head, body)) = got.split_once("\r\n\r\n") {
                let mut lines = head.lines();
                let length = lines.find_map(|line| line.strip_prefix("content-length: "));
                if body.len() == length.expect("a length").parse::<usize>().unwrap() {
                    return got;
                }
            }
            let mut some = [0; 4096];
            let count = self.0.read(&mut some).await.unwrap();
            assert_ne!(count, 0, "the connection ended after {got:?}");
            got.push_str(std::str::from_utf8(&some[..count]).unwrap());
        }
    }
}

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n")
}

/// The bytes after the answer are not the head of another request, so the deadline of a head does not apply to them.
#[tokio::test]
async fn an_upload_that_outlasts_its_answer_may_take_longer_than_a_head() {
    let deadlines = "[safelight.deadlines]\nheader_read_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let mut client = Client::connect(&server).await;
    client.send(head("/ignore-upload?bytes=3", 5)).await;
    for letter in ["1", "2", "3", "4", "5"] {
        client.send(letter).await;
        if letter == "1" {
            assert!(client.answer().await.ends_with("\r\n\r\nxxx"));
        }
        // The worker's own timer gives the pause.
        get(server.address, "/sleep?ms=200").await;
    }
    client.send(head("/host", 0)).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
}

/// The images process ends in the middle of uploads that were passed on to it, again and again on the same connections.
#[tokio::test]
async fn a_call_that_fails_within_its_upload_leaves_a_connection_that_serves() {
    const ROUNDS: usize = 5;
    const CLIENTS: usize = 6;
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(&server).await);
    }
    for round in 1..=ROUNDS {
        let images = images_child(&server);
        let socket = socket_folder(images).join("images.sock");
        for client in &mut clients {
            client.send(head("/upload-image?format=rgb", 10 * MB)).await;
            client.send(vec![0; MB]).await;
        }
        // The listener, a connection for each call, and one for health checks.
        connections(&socket, |count| count > 1 + CLIENTS).await;
        signal(images, "KILL");
        for client in &mut clients {
            client.send(vec![0; 9 * MB]).await;
            let answer = client.answer().await;
            assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
            assert!(answer.contains("9523"), "{answer}");
            client.send(head("/host", 0)).await;
            assert!(client.answer().await.starts_with("HTTP/1.1 200"));
        }
        let is_back = |line: &&String| line.contains("the images process is back");
        server
            .lines_until(|lines| lines.iter().filter(is_back).count() >= round)
            .await;
    }
}

/// Until the end of the answer is read, such a client looks like a slow one, so the deadline for writing applies.
#[tokio::test]
async fn a_client_that_reads_no_early_answer_before_its_upload_is_sent_is_given_up() {
    let deadlines = "[safelight.deadlines]\nwrite_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let mut client = Client::connect(&server).await;
    client.send(head("/echo", 2_000 * MB)).await;
    let piece = vec![0; MB];
    let sending = async { while client.0.write_all(&piece).await.is_ok() {} };
    timeout(TEST_TIMEOUT, sending)
        .await
        .expect("both ends wait for ever");
    server
        .line(|line| line.contains("its client has read nothing for 300.0 ms"))
        .await;
    server
        .line(|line| {
            line.contains("POST /echo") && line.contains("(the client left before the end)")
        })
        .await;
}

/// A connection ends with the break, and the head must not be lost with it.
#[tokio::test]
async fn an_answer_that_breaks_in_its_first_moment_still_has_its_head() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for bytes in [0, 1, 1_000, 100_000] {
        let mut client = Client::connect(&server).await;
        let fault = format!("safelight-fault: IMAGES:truncate={bytes}");
        let request = format!("GET /photo HTTP/1.1\r\nhost: localhost\r\n{fault}\r\n\r\n");
        client.send(request).await;
        let mut answer = Vec::new();
        let end = timeout(TEST_TIMEOUT, client.0.read_to_end(&mut answer)).await;
        end.expect("no end").unwrap();
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 200"), "{bytes}: {text:.200}");
    }
    server
        .lines_until(|lines| lines.iter().filter(|line| line.contains("BROKEN")).count() == 4)
        .await;
}
