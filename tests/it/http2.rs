//! HTTP/2 frame by frame: clients whose behaviour no library offers.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// The largest window there is.
const LARGEST: [u8; 4] = [0x7f, 0xff, 0, 0];

/// A connection whose windows let the server write as much as it likes.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    authority: String,
}

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        Self::with_window(server, LARGEST).await
    }

    /// Opens such a connection whose streams have an initial window of this size.
    pub(crate) async fn with_window(server: SocketAddr, room: [u8; 4]) -> Self {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let initial_window: Vec<u8> = [&[0, 4][..], &room].concat();
        let opening = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(SETTINGS, 0, 0, &initial_window),
            frame(WINDOW_UPDATE, 0, 0, &LARGEST),
        ];
        stream.write_all(&opening.concat()).await.unwrap();
        Self {
            stream,
            authority: server.to_string(),
        }
    }

    /// A whole request without a body.
    pub(crate) fn get(&self, stream: u32, path: &str) -> Vec<u8> {
        // `:method GET` and `:scheme http` from the static table; `:path` and `:authority` in letters.
        let mut fields = vec![0x82, 0x86];
        for (name, value) in [(0x04, path), (0x01, &self.authority)] {
            fields.extend([name, u8::try_from(value.len()).unwrap()]);
            fields.extend(value.as_bytes());
        }
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
    }

    /// A frame of any stream: its kind, its flags, its stream and what is in it.
    async fn frame(&mut self) -> (u8, u8, u32, Vec<u8>) {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.unwrap();
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await.unwrap();
        assert_ne!(kind, GOAWAY, "{payload:?}");
        (kind, flags, u32::from_be_bytes(id), payload)
    }

    /// The reason with which the server resets a stream.
    async fn reset(&mut self, wanted: u32) -> Vec<u8> {
        loop {
            let (kind, _, id, payload) = self.frame().await;
            if (kind, id) == (RST_STREAM, wanted) {
                return payload;
            }
        }
    }

    /// Waits for the head of the answer on a stream.
    pub(crate) async fn head(&mut self, wanted: u32) {
        loop {
            let (kind, _, id, _) = self.frame().await;
            if (kind, id) == (HEADERS, wanted) {
                return;
            }
        }
    }

    /// The body of the answer on a stream.
    async fn answer(&mut self, wanted: u32) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let (kind, flags, id, payload) = self.frame().await;
            if id != wanted {
                continue;
            }
            assert_ne!(kind, RST_STREAM, "{payload:?}");
            if kind == DATA {
                body.extend(payload);
            }
            if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                return body;
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn a_reset_right_after_the_headers_disturbs_nobody() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let elsewhere = tokio::spawn({
        let address = server.address;
        async move { get(address, "/slow-stream?pieces=20&ms=20").await }
    });
    let mut connection = Connection::open(server.address).await;
    let mut burst = connection.get(1, "/slow-stream?pieces=20&ms=20");
    for id in (3..19).step_by(2) {
        burst.extend(connection.get(id, "/slow-stream?pieces=100000&ms=1"));
        burst.extend(frame(RST_STREAM, 0, id, &CANCEL));
    }
    burst.extend(connection.get(19, "/host"));
    connection.stream.write_all(&burst).await.unwrap();

    let late = connection.answer(19).await;
    assert!(String::from_utf8_lossy(&late).ends_with("/host\n"));
    connection
        .stream
        .write_all(&connection.get(21, "/host"))
        .await
        .unwrap();
    // Frames of the first answer have passed by then, so its end is what is waited for.
    let early = connection.answer(1).await;
    assert!(String::from_utf8_lossy(&early).ends_with("piece 20\n"));
    let other = elsewhere.await.unwrap();
    assert_eq!(other.text().lines().count(), 20);
    assert_eq!(get(server.address, "/host").await.status, 200);
}

#[tokio::test]
async fn a_connection_that_is_not_read_is_given_up() {
    let deadlines = "[safelight.deadlines]\nwrite_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let mut connection = Connection::open(server.address).await;
    let request = connection.get(1, "/ignore-upload?bytes=40000000");
    connection.stream.write_all(&request).await.unwrap();
    server
        .line(|line| line.contains("a connection was given up: its client has read nothing"))
        .await;
    let mut rest = Vec::new();
    let _reset = tokio::time::timeout(TEST_TIMEOUT, connection.stream.read_to_end(&mut rest))
        .await
        .expect("the connection stays");
    assert!(rest.len() < 40_000_000);
    assert_eq!(get(server.address, "/host").await.status, 200);
}

/// The connection is read and serves other streams, so its own deadlines do not apply.
#[tokio::test]
async fn a_stream_whose_client_gives_it_no_room_is_given_up_alone() {
    let deadlines = "[safelight.deadlines]\nwrite_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    // Room for the first piece.
    let mut connection = Connection::with_window(server.address, [0, 0, 0, 8]).await;
    let request = connection.get(1, "/slow-stream?pieces=100000&ms=1");
    connection.stream.write_all(&request).await.unwrap();
    let reset = tokio::time::timeout(TEST_TIMEOUT, connection.reset(1)).await;
    assert_eq!(reset.expect("the stream stays"), CANCEL);
    server
        .line(|line| {
            line.contains("an answer was given up: its client has taken nothing of it for 300.0 ms")
        })
        .await;
    let next = [
        connection.get(3, "/host"),
        frame(WINDOW_UPDATE, 0, 3, &LARGEST),
    ];
    connection.stream.write_all(&next.concat()).await.unwrap();
    let answer = connection.answer(3).await;
    assert!(String::from_utf8_lossy(&answer).ends_with("/host\n"));
}

#[tokio::test]
async fn a_stream_whose_client_never_gives_it_room_is_given_up() {
    let deadlines = "[safelight.deadlines]\nwrite_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let mut connection = Connection::with_window(server.address, [0; 4]).await;
    let request = connection.get(1, "/host");
    connection.stream.write_all(&request).await.unwrap();
    let reset = tokio::time::timeout(TEST_TIMEOUT, connection.reset(1)).await;
    assert_eq!(reset.expect("the stream stays"), CANCEL);
}

/// The whole answer is there in one piece, and the client has room for a part of it.
#[tokio::test]
async fn an_answer_that_is_left_in_the_middle_of_its_last_piece_is_not_told_as_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut connection = Connection::with_window(server.address, [0, 0, 0, 9]).await;
    let request = connection.get(1, "/ignore-upload?bytes=60000");
    connection.stream.write_all(&request).await.unwrap();
    while connection.frame().await.0 != DATA {}
    let leave = frame(RST_STREAM, 0, 1, &CANCEL);
    connection.stream.write_all(&leave).await.unwrap();
    let line = server
        .line(|line| line.contains("GET /ignore-upload?bytes=60000 200"))
        .await;
    assert!(line.contains("the client left before the end"), "{line}");
}

/// The rest of the answer waits in the library after the request has ended, so no request is open.
#[tokio::test]
async fn a_client_that_gives_room_slowly_gets_its_whole_answer() {
    let deadlines = "[safelight.deadlines]\nheader_read_ms = 300\n";
    let server = DevServer::start(guests::misbehaving(), deadlines).await;
    let mut connection = Connection::with_window(server.address, [0, 0, 0, 9]).await;
    let request = connection.get(1, "/host");
    connection.stream.write_all(&request).await.unwrap();
    server.line(|line| line.contains("GET /host 200")).await;
    for _ in 0..3 {
        let room = frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
        connection.stream.write_all(&room).await.unwrap();
        // A connection that stays is no event to wait for, so more time passes than it would be given. A slow machine makes it more.
        get(server.address, "/sleep?ms=400").await;
    }
    let room = frame(WINDOW_UPDATE, 0, 1, &LARGEST);
    connection.stream.write_all(&room).await.unwrap();
    let answer = connection.answer(1).await;
    assert!(String::from_utf8_lossy(&answer).ends_with("/host\n"));
}
