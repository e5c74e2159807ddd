//! The clock is paused and advances only when every task waits, so each duration is exact.

use std::{convert::Infallible, future::pending, io::ErrorKind, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex},
    time::{Instant, timeout},
};

use super::{Activity, Deadlines, IDLE_TIMEOUT, ReadTimeoutBody, ReadTimeoutError, TimeoutStream};

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: Deadlines = Deadlines {
    header_read: Duration::from_secs(10),
    body_read: Duration::from_secs(20),
    write: Duration::from_secs(30),
};

async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_reads_fails_after_the_limit() {
    let (_reader, stream) = duplex(1_000);
    let mut stream = TimeoutStream::client(stream, LIMITS.write);
    let started = Instant::now();
    let error = stream.write_all(&[0; 5_000]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // The timer counts whole milliseconds.
    assert!(started.elapsed() - LIMITS.write < Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn every_byte_that_is_taken_starts_the_limit_anew() {
    let (mut reader, stream) = duplex(1_000);
    let mut stream = TimeoutStream::client(stream, LIMITS.write);
    let writing = tokio::spawn(async move { stream.write_all(&[0; 5_000]).await });
    for _ in 0..5 {
        pass(LIMITS.write - SECOND).await;
        reader.read_exact(&mut [0; 1_000]).await.unwrap();
    }
    writing.await.unwrap().unwrap();
}

/// Linux reports no progress before a sixteenth of the reader's buffer is free, which may have 32 MB.
#[tokio::test(start_paused = true)]
async fn a_reader_of_8_kilobytes_a_second_never_meets_the_default() {
    const STEP: usize = (32 << 20) / 16;
    let (mut reader, stream) = duplex(STEP);
    let mut stream = TimeoutStream::client(stream, Deadlines::default().write);
    let writing = tokio::spawn(async move { stream.write_all(&vec![0; 15_000_000]).await });
    let mut piece = vec![0; STEP];
    for _ in 0..7 {
        pass(SECOND * u32::try_from(STEP / 8_192).unwrap()).await;
        reader.read_exact(&mut piece).await.unwrap();
    }
    writing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_head_must_end_in_time_however_it_trickles() {
    let (mut client, stream) = duplex(1_000);
    let mut stream = TimeoutStream::server(stream, &LIMITS, Activity::new());
    let started = Instant::now();
    let trickling = tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            pass(SECOND).await;
        }
    });
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(started.elapsed() - LIMITS.header_read < Duration::from_millis(2));
    drop(stream);
    trickling.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_any_request_is_closed_in_the_end() {
    let (_client, stream) = duplex(1_000);
    let mut stream = TimeoutStream::server(stream, &LIMITS, Activity::new());
    let started = Instant::now();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(started.elapsed() - IDLE_TIMEOUT < Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn an_open_request_stops_the_clock_and_its_end_starts_it() {
    let (mut client, stream) = duplex(1_000);
    let activity = Activity::new();
    let mut stream = TimeoutStream::server(stream, &LIMITS, activity.clone());
    client.write_all(b"x").await.unwrap();
    stream.read_u8().await.unwrap();
    let open = activity.begin_request();
    let waiting = timeout(Duration::from_secs(3_600), stream.read_u8()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    drop(open);
    let ended = Instant::now();
    assert!(stream.read_u8().await.is_err());
    assert!(ended.elapsed() - IDLE_TIMEOUT < Duration::from_millis(2));
}

/// The rest of an upload whose answer came early is not the head of another request.
#[tokio::test(start_paused = true)]
async fn an_upload_that_goes_on_after_its_answer_may_take_longer_than_a_head() {
    let (mut client, stream) = duplex(1_000);
    let activity = Activity::new();
    let mut stream = TimeoutStream::server(stream, &LIMITS, activity.clone());
    let open = activity.begin_request();
    let upload =
        ReadTimeoutBody::with_activity(StreamBody::new(Silent), LIMITS.body_read, activity);
    drop(open);
    for _ in 0..5 {
        client.write_all(b"x").await.unwrap();
        stream.read_u8().await.unwrap();
        let waiting = timeout(LIMITS.header_read - SECOND, stream.read_u8()).await;
        assert!(waiting.is_err(), "{waiting:?}");
    }
    drop(upload);
    let ended = Instant::now();
    assert!(stream.read_u8().await.is_err());
    assert!(ended.elapsed() - IDLE_TIMEOUT < Duration::from_millis(2));
}

/// The end of a response may still wait for its client's flow-control window, and the client's bytes open it.
#[tokio::test(start_paused = true)]
async fn a_shared_connection_lives_on_while_its_client_takes_what_is_left() {
    let limits = Deadlines {
        write: IDLE_TIMEOUT * 2,
        ..LIMITS
    };
    let (mut client, stream) = duplex(1_000);
    let activity = Activity::new();
    let mut stream = TimeoutStream::server(stream, &limits, activity.clone());
    activity.set_multiplexed();
    drop(activity.begin_request());
    for _ in 0..5 {
        client.write_all(b"x").await.unwrap();
        stream.read_u8().await.unwrap();
        let waiting = timeout(limits.write - SECOND, stream.read_u8()).await;
        assert!(waiting.is_err(), "{waiting:?}");
        stream.write_all(b"y").await.unwrap();
    }
    let last = Instant::now();
    assert!(stream.read_u8().await.is_err());
    assert!(last.elapsed() - limits.write < Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn a_shared_connection_without_requests_has_an_end_whatever_moves_on_it() {
    let (_client, stream) = duplex(100_000);
    let activity = Activity::new();
    let mut stream = TimeoutStream::server(stream, &LIMITS, activity.clone());
    activity.set_multiplexed();
    drop(activity.begin_request());
    let began = Instant::now();
    while timeout(SECOND, stream.read_u8()).await.is_err() {
        stream.write_all(b"y").await.unwrap();
    }
    let lived = began.elapsed().as_secs();
    assert!((3_599..=3_601).contains(&lived), "{lived}");
}

#[tokio::test(start_paused = true)]
async fn bytes_after_a_request_and_its_upload_are_the_head_of_the_next() {
    let (mut client, stream) = duplex(1_000);
    let activity = Activity::new();
    let mut stream = TimeoutStream::server(stream, &LIMITS, activity.clone());
    let open = activity.begin_request();
    // Read to its end, and still held by a worker that is not done.
    let mut body = ReadTimeoutBody::with_activity(
        Full::new(Bytes::from_static(b"all")),
        SECOND,
        activity.clone(),
    );
    body.frame().await.unwrap().unwrap();
    let empty =
        ReadTimeoutBody::with_activity(http_body_util::Empty::<Bytes>::new(), SECOND, activity);
    drop(open);
    client.write_all(b"G").await.unwrap();
    stream.read_u8().await.unwrap();
    let began = Instant::now();
    assert!(stream.read_u8().await.is_err());
    assert!(began.elapsed() - LIMITS.header_read < Duration::from_millis(2));
    drop((body, empty));
}

#[tokio::test(start_paused = true)]
async fn a_body_whose_bytes_stop_coming_ends_in_an_error() {
    let silent = StreamBody::new(Silent);
    let mut body = ReadTimeoutBody::new(silent, LIMITS.body_read);
    // The pause before the first read does not count.
    pass(LIMITS.body_read * 2).await;
    let began = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(matches!(error, ReadTimeoutError::Timeout(limit) if limit == LIMITS.body_read));
    assert!(began.elapsed() - LIMITS.body_read < Duration::from_millis(2));
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn every_piece_of_a_body_starts_the_limit_anew() {
    let pieces = futures_util::stream::iter(["a", "b", "c"]).then(|piece| async move {
        pass(LIMITS.body_read - SECOND).await;
        Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(piece)))
    });
    let body = ReadTimeoutBody::new(StreamBody::new(Box::pin(pieces)), LIMITS.body_read);
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.to_bytes(), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_body_lives_as_long_as_its_connection_receives_anything() {
    let activity = Activity::new();
    let mut body =
        ReadTimeoutBody::with_activity(StreamBody::new(Silent), LIMITS.body_read, activity.clone());
    let reading = tokio::spawn(async move { body.frame().await });
    for _ in 0..5 {
        pass(LIMITS.body_read - SECOND).await;
        activity.record_read();
    }
    assert!(!reading.is_finished());
    assert!(reading.await.unwrap().unwrap().is_err());
}

/// The timeout counts from the last byte of the connection, whenever the body was made and read.
#[tokio::test(start_paused = true)]
async fn a_body_is_given_up_the_limit_after_the_last_byte_of_its_connection() {
    for quiet in [Duration::ZERO, SECOND, LIMITS.body_read - SECOND] {
        let activity = Activity::new();
        let mut body = ReadTimeoutBody::with_activity(
            StreamBody::new(Silent),
            LIMITS.body_read,
            activity.clone(),
        );
        let reading = tokio::spawn(async move {
            assert!(body.frame().await.unwrap().is_err());
            Instant::now()
        });
        pass(quiet).await;
        activity.record_read();
        let last = Instant::now();
        let given_up = reading.await.unwrap();
        assert!(given_up - last >= LIMITS.body_read, "{quiet:?}");
        assert!(
            given_up - last - LIMITS.body_read < Duration::from_millis(3),
            "{quiet:?}"
        );
    }
}

#[tokio::test]
async fn a_whole_body_passes() {
    let body = ReadTimeoutBody::new(Full::new(Bytes::from_static(b"whole")), LIMITS.body_read);
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.to_bytes(), "whole");
}

#[tokio::test]
async fn vectored_writes_are_forwarded() {
    let (stream, _other) = tokio::net::UnixStream::pair().unwrap();
    assert!(TimeoutStream::client(stream, LIMITS.write).is_write_vectored());
}

/// A body without frames that does not end.
struct Silent;

impl futures_core::Stream for Silent {
    type Item = Result<http_body::Frame<Bytes>, Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
