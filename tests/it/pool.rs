//! The pool of connections to the images process, against a service that is scripted to the byte.

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use safelight::bindings::pool::Pool;
use safelight_images::Deadlines;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use wasmtime_wasi_http::WasiBody;

use crate::dev_server::PATIENCE;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn request(body: Vec<u8>) -> Request<WasiBody> {
    let body = Full::new(Bytes::from(body))
        .map_err(|never| match never {})
        .boxed_unsync();
    Request::post("/transform")
        .header("host", "images")
        .body(body)
        .unwrap()
}

async fn read_head(stream: &mut UnixStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn dropping_an_answer_before_its_end_kills_a_connection_that_is_stuck_in_its_upload() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let pool = Pool::new(&path, Deadlines::default());
    let service = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        // Less than the promised answer, and the upload is not read: both ends would wait in a write.
        stream.write_all(&ANSWER[..ANSWER.len() - 1]).await.unwrap();
        stream
    });
    let answer = pool.send(request(vec![0; 15_000_000])).await.unwrap();
    let mut stream = service.await.unwrap();
    drop(answer);
    let end = async {
        let mut sink = vec![0; 65_536];
        while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {}
    };
    tokio::time::timeout(PATIENCE, end)
        .await
        .expect("the connection lives on");
}

#[tokio::test]
async fn a_request_on_a_connection_that_was_closed_meanwhile_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let service = tokio::spawn(async move {
        for _ in 0..20 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(ANSWER).await.unwrap();
            // And closed, although nothing in the answer says so.
        }
    });
    let pool = Pool::new(&path, Deadlines::default());
    for _ in 0..20 {
        let answer = pool.send(request(Vec::new())).await.unwrap();
        assert_eq!(
            answer.into_body().collect().await.unwrap().to_bytes(),
            "hello"
        );
    }
    service.await.unwrap();
}

/// The service closes with the answer, between two steps of its client: what was to be read next is followed by a write that fails.
#[tokio::test]
async fn an_answer_that_is_there_is_worth_more_than_an_upload_that_nobody_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let upload = futures_util::stream::once(async move {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, ANSWER).unwrap();
        drop(stream);
        Ok(Frame::data(Bytes::from(vec![0; 1_000_000])))
    });
    let request = request(Vec::new()).map(|_| StreamBody::new(upload).boxed_unsync());
    let answer = Pool::new(&path, Deadlines::default()).send(request).await;
    let body = answer.unwrap().into_body().collect().await;
    assert_eq!(body.unwrap().to_bytes(), "hello");
}

#[tokio::test]
async fn an_answer_read_to_its_end_gives_its_connection_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let service = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            read_head(&mut stream).await;
            stream.write_all(ANSWER).await.unwrap();
        }
    });
    let pool = Pool::new(&path, Deadlines::default());
    for _ in 0..3 {
        let answer = pool.send(request(Vec::new())).await.unwrap();
        answer.into_body().collect().await.unwrap();
        // The connection is taken back by a task of its own, which runs when this one gives way.
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(PATIENCE, service)
        .await
        .expect("a second connection")
        .unwrap();
}

#[tokio::test]
async fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let service = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(ANSWER).await.unwrap();
            open.push(stream);
        }
    });
    let pool = Pool::new(&path, Deadlines::default());
    for _ in 0..2 {
        let answer = pool.send(request(Vec::new())).await.unwrap();
        answer.into_body().collect().await.unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(61)).await;
        tokio::time::resume();
    }
    tokio::time::timeout(PATIENCE, service)
        .await
        .expect("the old connection was used")
        .unwrap();
}
