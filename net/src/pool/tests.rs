//! The pool against a service that a script drives byte by byte.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::{Pool, PoolError, advance, is_protocol_error, is_unsolicited};
use crate::Deadlines;

/// Longest wait for something that must happen; a test that fails waits for it.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

type TestBody = UnsyncBoxBody<Bytes, Infallible>;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn request(body: Vec<u8>) -> Request<TestBody> {
    let body = Full::new(Bytes::from(body)).boxed_unsync();
    Request::post("/transform")
        .header("host", "images")
        .body(body)
        .unwrap()
}

/// Sends a request and reads the answer to its end. Panics with `failure` when none comes.
async fn exchange(pool: &Pool<TestBody>, failure: &str) -> Bytes {
    let exchange = async {
        let answer = pool.send(request(Vec::new()), |_| ()).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    };
    tokio::time::timeout(TEST_TIMEOUT, exchange)
        .await
        .expect(failure)
}

async fn read_head(stream: &mut UnixStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

/// The tests of this crate start no child, which would hold a copy of the listener.
#[tokio::test]
async fn a_service_that_ends_before_it_accepts_the_connection_leaves_the_request_unsent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let pool = Pool::new(&path, Deadlines::default());
    let sending = pool.send(request(b"a form".to_vec()), |_| panic!("it is connected"));
    let (sent, ()) = tokio::join!(biased; sending, async { drop(listener) });
    let Err(PoolError::Connect(error, unsent)) = sent.map(|_| ()) else {
        panic!("the request was sent");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(unsent.uri(), "/transform");
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
    let answer = pool
        .send(request(vec![0; 15_000_000]), |_| ())
        .await
        .unwrap();
    let mut stream = service.await.unwrap();
    drop(answer);
    let end = async {
        let mut sink = vec![0; 65_536];
        while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {}
    };
    tokio::time::timeout(TEST_TIMEOUT, end)
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
        assert_eq!(exchange(&pool, "no answer").await, "hello");
    }
    service.await.unwrap();
}

/// The service closes with the answer, between two steps of its client: the answer waits to be read when a write fails.
#[tokio::test]
async fn an_answer_that_is_there_is_worth_more_than_an_upload_that_nobody_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let upload = futures_util::stream::once(async move {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, ANSWER).unwrap();
        drop(stream);
        Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; 1_000_000])))
    });
    let request = request(Vec::new()).map(|_| StreamBody::new(upload).boxed_unsync());
    let answer = Pool::new(&path, Deadlines::default())
        .send(request, |_| ())
        .await;
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
        exchange(&pool, "a second connection").await;
        // The connection is taken back by a task of its own, which runs when this one gives way.
        tokio::task::yield_now().await;
    }
    service.await.unwrap();
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
        exchange(&pool, "the old connection was used").await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(61)).await;
        tokio::time::resume();
    }
    service.await.unwrap();
}

#[tokio::test]
async fn bytes_without_a_request_are_told_from_other_failures() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let (_sender, driver) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(ours))
        .await
        .unwrap();
    theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    assert!(is_unsolicited(&driver.await.unwrap_err()));
}

#[tokio::test]
async fn bytes_that_cancel_a_waiting_request_are_reported_as_the_violation_that_they_are() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let (sender, driver) = http1::handshake(TokioIo::new(ours)).await.unwrap();
    theirs.write_all(b"who goes there?\r\n\r\n").await.unwrap();
    let pool = Pool::new("unused", Deadlines::default());
    // The driver runs for the first time when the request waits.
    let connection = pool.connection(sender, driver, 0);
    let failed = pool.exchange(connection, request(Vec::new())).await;
    let error = failed.err().unwrap().cause().await;
    assert!(
        error.is_canceled() && is_protocol_error(&error),
        "{error:?}"
    );
    tokio::time::timeout(TEST_TIMEOUT, pool.unsolicited_bytes())
        .await
        .expect("the bytes are not reported");
}

#[tokio::test]
async fn a_connection_that_ends_before_its_answer_is_not_taken_for_unsolicited_bytes() {
    for answer in [&b""[..], b"HTTP/1.1 200", b"SMTP\r\n\r\n"] {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        let (mut sender, driver) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        let driver = tokio::spawn(driver);
        let response = sender.send_request(Request::new(Empty::<Bytes>::new()));
        let response = tokio::spawn(response);
        let mut head = [0; 18];
        theirs.read_exact(&mut head).await.unwrap();
        theirs.write_all(answer).await.unwrap();
        drop(theirs);
        let error = response.await.unwrap().unwrap_err();
        assert!(!is_unsolicited(&error), "{answer:?}: {error:?}");
        if let Err(error) = driver.await.unwrap() {
            assert!(!is_unsolicited(&error), "{answer:?}: {error:?}");
        }
    }
}

#[test]
fn a_connection_that_outlives_its_generation_does_not_hide_a_later_one() {
    let mut last = None;
    assert!(advance(&mut last, 2));
    assert!(!advance(&mut last, 1));
    assert_eq!(last, Some(2));
}
