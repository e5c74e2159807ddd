//! Clients in crowds that send or take next to nothing: whatever they hold goes to those that wait.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;
use crate::http2::Connection;

/// Begins an upload for Images, which goes on with a byte now and then until the server ends it.
async fn trickle(server: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(server).await.unwrap();
    let head =
        "POST /upload-image HTTP/1.1\r\nhost: localhost\r\ncontent-length: 19000000\r\n\r\n0";
    client.write_all(head.as_bytes()).await.unwrap();
    client
}

/// Sends a byte on every connection now and then. Ends when all of them are closed.
async fn feed(mut clients: Vec<TcpStream>) {
    while !clients.is_empty() {
        sleep_until(Instant::now() + Duration::from_secs(1)).await;
        clients.retain(|client| client.try_write(b"0").is_ok());
    }
}

#[tokio::test]
async fn uploads_that_trickle_keep_nobody_from_images() {
    for count in [230, 1_000] {
        let server = DevServer::start(guests::misbehaving(), "").await;
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(trickle(server.address).await);
        }
        // Requests of the worker are answered meanwhile, and after some of them all uploads have begun.
        for _ in 0..20 {
            assert_eq!(get(server.address, "/host").await.status, 200);
        }
        let feeding = tokio::spawn(feed(clients));
        let photo = timeout(TEST_TIMEOUT, get(server.address, "/photo")).await;
        let photo = photo.expect("no answer");
        assert_eq!(photo.status, 200, "{}", photo.text());
        let reason = "9522: the call gave way: others wait for one of the 224 places for calls of the images process, and less than 8 KB/s have come or gone for 5 s";
        server.line(|line| line.contains(reason)).await;
        feeding.abort();
    }
}

#[tokio::test]
async fn streams_without_room_keep_nobody_from_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut attack = Vec::new();
    for _ in 0..20 {
        let mut connection = Connection::with_window(server.address, [0; 4]).await;
        let streams = (0..100)
            .map(|number| connection.get(2 * number + 1, "/slow-stream?pieces=100000000&ms=100"));
        let streams: Vec<_> = streams.collect();
        connection
            .stream
            .write_all(&streams.concat())
            .await
            .unwrap();
        attack.push(connection);
    }
    // The answers of the first ones have begun.
    for connection in &mut attack[..10] {
        connection.head(199).await;
    }
    let host = timeout(TEST_TIMEOUT, get(server.address, "/host")).await;
    assert_eq!(host.expect("no answer").status, 200);
    server
        .line(|line| {
            line.contains("the answer gave way: its client took it too slowly while others waited")
        })
        .await;
}

#[tokio::test]
async fn a_crowd_that_sends_and_reads_is_answered_whole() {
    // The systems' buffers hold all of an upload and of an answer, so the server waits for no client, however busy it is.
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..1_200 {
        let address = server.address;
        crowd.spawn(async move {
            let sent = crate::client::post(address, "/echo", vec![b'x'; 20_000]).await;
            assert_eq!((sent.status.as_u16(), sent.body.len()), (200, 20_000));
        });
    }
    assert_eq!(crowd.join_all().await.len(), 1_200);
}
