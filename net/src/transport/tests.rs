//! The records of a scripted stream, and the results of the stream, which a recorder does not change.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use safelight_protocol::trace::{
    CALL_HEADER, REQUEST_HEADER, Transport, TransportAct, TransportEnd,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Recorder, TransportLog, events::MAX_HALF};
use crate::deadline::{Activity, Deadlines, TimeoutStream};

/// Answers writes as the script says, and reads with ten bytes each.
#[derive(Debug, Default)]
struct Scripted {
    writes: VecDeque<Poll<io::Result<usize>>>,
    /// The number of slices of each write; 0 for one that was not vectored.
    slices: Vec<usize>,
}

impl Scripted {
    fn write(&mut self, slices: usize, bytes: usize) -> Poll<io::Result<usize>> {
        self.slices.push(slices);
        self.writes.pop_front().unwrap_or(Poll::Ready(Ok(bytes)))
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(&[0; 10]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(0, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(slices.len(), slices.iter().map(|slice| slice.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A connection with a recorder, driven call by call.
struct Played {
    log: Arc<TransportLog>,
    recorder: Arc<Recorder>,
    stream: TimeoutStream<Scripted>,
}

fn play(writes: impl IntoIterator<Item = Poll<io::Result<usize>>>) -> Played {
    let log = TransportLog::new(3).unwrap();
    let recorder = log.new_recorder();
    let scripted = Scripted {
        writes: writes.into_iter().collect(),
        ..Scripted::default()
    };
    let stream = TimeoutStream::server(scripted, &Deadlines::default(), Activity::new());
    let stream = stream.with_recorder(Some(Arc::clone(&recorder)));
    Played {
        log,
        recorder,
        stream,
    }
}

impl Played {
    fn call<T>(
        &mut self,
        call: impl FnOnce(Pin<&mut TimeoutStream<Scripted>>, &mut Context<'_>) -> T,
    ) -> T {
        call(
            Pin::new(&mut self.stream),
            &mut Context::from_waker(Waker::noop()),
        )
    }

    /// Reads a request of ten bytes with the given number and answers it.
    fn request(&mut self, number: u64) {
        let mut bytes = [0; 100];
        let read = self.call(|s, cx| s.poll_read(cx, &mut ReadBuf::new(&mut bytes)));
        assert!(read.is_ready());
        let head = Request::builder()
            .header(REQUEST_HEADER, number)
            .header(CALL_HEADER, 1);
        self.recorder.record_request(&head.body(()).unwrap());
        self.recorder.record_response(&Response::new(()));
    }

    fn write(&mut self, bytes: usize) -> Poll<io::Result<usize>> {
        let bytes = vec![0; bytes];
        self.call(|s, cx| s.poll_write(cx, &bytes))
    }

    fn flush(&mut self) {
        assert!(self.call(|s, cx| s.poll_flush(cx)).is_ready());
    }

    fn shut_down(&mut self) {
        assert!(self.call(|s, cx| s.poll_shutdown(cx)).is_ready());
    }

    fn transport(&self, number: u64) -> Transport {
        let transports = self.log.for_request(number);
        let [transport] = transports.as_slice() else {
            panic!("{} transports of request {number}", transports.len());
        };
        transport.clone()
    }
}

fn acts(transport: &Transport) -> Vec<(TransportAct, u64, u64)> {
    let events = transport.events.iter();
    events
        .map(|event| (event.what, event.bytes, event.times))
        .collect()
}

#[tokio::test]
async fn a_vectored_write_stays_one_and_counts_as_one() {
    let mut played = play([]);
    played.request(7);
    assert!(played.stream.is_write_vectored());
    let slices = [IoSlice::new(b"head"), IoSlice::new(b"a body")];
    let written = played.call(|s, cx| s.poll_write_vectored(cx, &slices));
    assert!(matches!(written, Poll::Ready(Ok(10))));
    assert_eq!(played.stream.stream().slices, [2]);
    let transport = played.transport(7);
    assert_eq!((transport.writes, transport.written_bytes), (1, 10));
}

#[tokio::test]
async fn pending_writes_are_counted_and_every_write_keeps_its_size() {
    let mut played = play([
        Poll::Ready(Ok(600)),
        Poll::Pending,
        Poll::Pending,
        Poll::Ready(Ok(300)),
    ]);
    played.request(7);
    for rest in [1_000, 400, 400, 400, 100] {
        let _ = played.write(rest);
    }
    played.flush();
    played.flush();
    let transport = played.transport(7);
    assert_eq!(
        (
            transport.writes,
            transport.written_bytes,
            transport.pending_writes
        ),
        (3, 1_000, 2)
    );
    let expected = [
        (TransportAct::Read, 10, 1),
        (TransportAct::Handled, 0, 1),
        (TransportAct::Answered, 0, 1),
        (TransportAct::Write, 600, 1),
        (TransportAct::Pending, 0, 2),
        (TransportAct::Write, 300, 1),
        (TransportAct::Write, 100, 1),
        (TransportAct::Flush, 0, 1),
    ];
    assert_eq!(acts(&transport), expected);
    assert_eq!(transport.end, TransportEnd::Kept);
}

#[tokio::test]
async fn a_shutdown_on_pending_bytes_is_a_cut() {
    let mut played = play([Poll::Ready(Ok(600)), Poll::Pending]);
    played.request(7);
    let _ = played.write(1_000);
    let _ = played.write(400);
    assert_eq!(played.transport(7).end, TransportEnd::Open);
    played.shut_down();
    assert_eq!(played.transport(7).end, TransportEnd::Cut);
}

#[tokio::test]
async fn a_failed_write_says_what_the_system_said() {
    let mut played = play([Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))]);
    played.request(7);
    let _ = played.write(1_000);
    let Played { log, stream, .. } = played;
    drop(stream);
    let transport = log.for_request(7).pop().unwrap();
    assert_eq!(transport.end, TransportEnd::Failed);
    assert_eq!(transport.error.as_deref(), Some("broken pipe"));
}

#[tokio::test]
async fn a_second_request_on_the_connection_has_a_record_of_its_own() {
    let mut played = play([]);
    for (number, bytes) in [(7, 500), (8, 300)] {
        played.request(number);
        let _ = played.write(bytes);
        played.flush();
    }
    played.shut_down();
    let (first, second) = (played.transport(7), played.transport(8));
    let facts = |t: &Transport| (t.request_on_connection, t.written_bytes, t.end);
    assert_eq!(facts(&first), (1, 500, TransportEnd::Kept));
    assert_eq!(facts(&second), (2, 300, TransportEnd::Closed));
}

#[tokio::test]
async fn only_the_last_requests_are_kept() {
    let mut played = play([]);
    for number in 1..=5 {
        played.request(number);
        let _ = played.write(1);
        played.flush();
    }
    let kept: Vec<_> = (1..=5)
        .filter(|&number| !played.log.for_request(number).is_empty())
        .collect();
    assert_eq!(kept, [3, 4, 5]);
}

#[tokio::test]
async fn a_record_keeps_its_first_and_last_events_and_the_sums_of_all() {
    let mut played = play([]);
    played.request(7);
    for bytes in 1..=200 {
        let _ = played.write(bytes);
    }
    played.flush();
    let transport = played.transport(7);
    assert_eq!(
        (transport.writes, transport.written_bytes),
        (200, 200 * 201 / 2)
    );
    let sizes: Vec<_> = transport.events.iter().map(|event| event.bytes).collect();
    assert_eq!(sizes.len(), 2 * MAX_HALF);
    // Three events come before the first write.
    assert_eq!(
        &sizes[3..MAX_HALF + 1],
        (1..=29).chain([170]).collect::<Vec<_>>()
    );
    assert_eq!(sizes[2 * MAX_HALF - 2..], [200, 0]);
    assert_eq!(transport.left_out, 204 - 64);
}

#[test]
fn nothing_is_recorded_unless_asked_for() {
    assert!(TransportLog::new(0).is_none());
}
