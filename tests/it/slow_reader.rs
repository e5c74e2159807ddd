//! Answers of 15 MB over all hops, to a client that does not read until the server cannot write any more.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use image::{ImageFormat, RgbImage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::dev_server::{DevServer, TEST_TIMEOUT, until};
use crate::guests;

const BATCH: usize = 25;
const AT_A_TIME: usize = 8;
/// Three bytes for each of its pixels are 15 MB.
const SIDE: u32 = 2_236;
/// The dev server lets the kernel keep 128 KB that a client has no room for, and then cannot write before half of them
/// are gone: with more than that, and a client that takes nothing, it is stuck.
const UNSENT_BYTES: u64 = 64 * 1024;

/// A client of one request that reads only when told to.
pub(crate) struct SlowReader {
    stream: TcpStream,
    server: SocketAddr,
}

impl SlowReader {
    /// Sends a request with a body, and reads nothing.
    pub(crate) async fn post(server: SocketAddr, path: &str, body: &[u8]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that the whole answer can never be under way.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        let mut stream = socket.connect(server).await.unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        Self { stream, server }
    }

    /// Waits until the server cannot write any more.
    pub(crate) async fn until_stuck(&self) {
        let client = self.stream.local_addr().unwrap();
        let (near, far) = (hex(self.server), hex(client));
        until("the server is never stuck", || {
            unsent(&near, &far).is_some_and(|unsent| unsent >= UNSENT_BYTES)
        })
        .await;
    }

    /// Reads some bytes of the answer.
    pub(crate) async fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut some = vec![0; bytes];
        self.stream.read_exact(&mut some).await.unwrap();
        some
    }

    /// Reads to the end of the connection, whatever that is.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _reset = tokio::time::timeout(TEST_TIMEOUT, self.stream.read_to_end(&mut rest))
            .await
            .expect("the answer hangs");
        rest
    }
}

/// An address as `/proc/net/tcp` shows it.
fn hex(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else {
        panic!("{address} is not IPv4")
    };
    let ip = u32::from_le_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}

/// Returns the bytes that one end of a connection has written and the kernel still holds.
fn unsent(near: &str, far: &str) -> Option<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let queues = table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields.get(1) == Some(&near) && fields.get(2) == Some(&far)).then(|| fields[4].to_owned())
    })?;
    u64::from_str_radix(queues.split_once(':').unwrap().0, 16).ok()
}

/// A picture of 15 MB of pixels, as a small file and as its pixels.
pub(crate) fn picture() -> (Bytes, Vec<u8>) {
    let pixels = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let [low, high, ..] = (x ^ y).to_le_bytes();
        image::Rgb([low, high, (x / 9 + y).to_le_bytes()[0]])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut file, ImageFormat::Png).unwrap();
    (file.into_inner().into(), pixels.into_raw())
}

#[tokio::test]
async fn every_answer_of_15_mb_reaches_a_slow_reader_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let (upload, expected) = picture();
    let expected = Arc::new(expected);
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut batch = JoinSet::new();
    for _ in 0..BATCH {
        let (permits, upload, expected) = (permits.clone(), upload.clone(), expected.clone());
        let address = server.address;
        batch.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let path = "/upload-image?format=rgb";
            let mut client = SlowReader::post(address, path, &upload).await;
            let mut answer = Vec::new();
            for _ in 0..2 {
                client.until_stuck().await;
                answer.extend(client.read(3_000_000).await);
            }
            client.until_stuck().await;
            answer.extend(client.rest().await);
            let body = answer.len() - expected.len();
            let head = String::from_utf8_lossy(&answer[..body]);
            assert!(
                head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
                "{head}"
            );
            assert!(answer[body..] == expected[..], "the bytes differ");
        });
    }
    assert_eq!(batch.join_all().await.len(), BATCH);
}
