//! The text of traces, whole.

use safelight_protocol::trace::{Transport, TransportAct, TransportEnd, TransportEvent};

use super::Tree;
use crate::trace::hops::{CallConnection, CallHop, ClientHop, End, Trace, WorkerHop};

/// A request that was answered without a call.
fn trace() -> Trace {
    Trace {
        id: 7,
        method: "GET".into(),
        target: "/page".into(),
        started_unix_us: 1_790_000_000_000_000,
        client: ClientHop {
            connection: 3,
            request_on_connection: 2,
            version: "HTTP/1.1".into(),
            upload_bytes: 1_200,
            status: Some(200),
            head_us: Some(9_300),
            body_bytes: 34_100,
            end: End::Whole,
            end_us: Some(12_000),
        },
        worker: Some(WorkerHop {
            called_us: 140,
            answered_us: Some(9_100),
            failure: None,
        }),
        calls: Vec::new(),
        calls_left_out: 0,
    }
}

/// A call of Images that was answered whole.
fn call(number: u64) -> CallHop {
    CallHop {
        call: number,
        hop: "IMAGES".into(),
        worker: None,
        callee: None,
        method: "POST".into(),
        path: "/transform".into(),
        called_us: 900,
        connection: Some(CallConnection {
            number: 5,
            reused: false,
            resent: false,
        }),
        sent_bytes: 1_500,
        status: Some(200),
        head_us: Some(8_000),
        expected_bytes: Some(34_100),
        received_bytes: 34_100,
        end: End::Whole,
        end_us: Some(11_000),
        fault: None,
        faults: Vec::new(),
        summary: None,
        server_timing: None,
        transport: None,
        transport_missing: None,
    }
}

fn transport(events: Vec<TransportEvent>) -> Transport {
    Transport {
        request: 7,
        call: 1,
        connection: 5,
        request_on_connection: 1,
        started_unix_us: 1_790_000_000_001_000,
        reads: 2,
        read_bytes: 1_900,
        writes: 1,
        written_bytes: 34_500,
        pending_writes: 0,
        end: TransportEnd::Kept,
        error: None,
        events,
        left_out: 0,
    }
}

fn event(what: TransportAct, at_us: u64, bytes: u64, times: u64) -> TransportEvent {
    TransportEvent {
        at_us,
        what,
        bytes,
        times,
    }
}

/// Verifies the whole text of a trace. The expected text begins on a line of its own.
#[track_caller]
fn is_shown_as(trace: &Trace, text: &str) {
    assert_eq!(format!("\n{}\n", Tree(trace)), text);
}

#[test]
fn every_hop_has_a_line_and_a_call_has_both_sides_of_its_connection() {
    let events = vec![
        event(TransportAct::Read, 0, 1_900, 2),
        event(TransportAct::Handled, 40, 0, 1),
        event(TransportAct::Answered, 7_000, 0, 1),
        event(TransportAct::Write, 7_100, 34_500, 1),
        event(TransportAct::Flush, 7_110, 0, 1),
    ];
    let reused = CallConnection {
        number: 6,
        reused: true,
        resent: false,
    };
    let trace = Trace {
        calls: vec![
            CallHop {
                transport: Some(transport(events)),
                ..call(1)
            },
            CallHop {
                connection: Some(reused),
                transport_missing: Some("the images process does not know it".into()),
                ..call(2)
            },
        ],
        ..trace()
    };
    is_shown_as(
        &trace,
        r"
  [7] ├ client: connection 3 request 2 HTTP/1.1, 1.2 KB up, 200 at 9.3 ms, 34.1 KB down, whole at 12.0 ms
  [7] ├ worker: called at 140 µs, answered at 9.1 ms
  [7] ├ call 1 IMAGES /transform: called at 900 µs, connection 5 new, 1.5 KB up, 200 at 8.0 ms, 34.1 KB down, whole at 11.0 ms
  [7] │ └ images: connection 5 request 1, read 1.9 KB in 2, wrote 34.5 KB in 1, 0 pending, whole, connection kept
  [7] │   read 1900 in 2 +0 µs, head whole +40 µs, answered +7.0 ms, write 34500 +7.1 ms, flush +7.1 ms
  [7] ├ call 2 IMAGES /transform: called at 900 µs, connection 6 reused, 1.5 KB up, 200 at 8.0 ms, 34.1 KB down, whole at 11.0 ms
  [7] │ └ images: the images process does not know it
  [7] └
",
    );
}

#[test]
fn a_failure_stands_at_its_hop_with_the_faults_that_were_applied() {
    let resent = CallConnection {
        number: 6,
        reused: false,
        resent: true,
    };
    let closed = Transport {
        end: TransportEnd::Cut,
        error: Some("Broken pipe".into()),
        ..transport(vec![event(TransportAct::Failed, 50, 0, 1)])
    };
    let mut trace = Trace {
        worker: Some(WorkerHop {
            called_us: 140,
            answered_us: Some(9_100),
            failure: Some("the worker panicked or trapped".into()),
        }),
        calls: vec![
            CallHop {
                connection: Some(resent),
                received_bytes: 100,
                end: End::Broken,
                fault: Some("the answer of IMAGES was cut short".into()),
                faults: vec!["IMAGES:truncate=100".into(), "IMAGES:slow=9".into()],
                transport: Some(closed),
                ..call(1)
            },
            CallHop {
                hop: "NEXT".into(),
                worker: Some("gallery".into()),
                callee: Some("inner".into()),
                path: "/host".into(),
                connection: None,
                status: None,
                head_us: None,
                received_bytes: 0,
                end: End::Failed,
                fault: Some("subrequest depth limit exceeded".into()),
                ..call(2)
            },
        ],
        calls_left_out: 3,
        ..trace()
    };
    trace.client.status = Some(500);
    trace.client.end = End::Dropped;
    is_shown_as(
        &trace,
        r"
  [7] ├ client: connection 3 request 2 HTTP/1.1, 1.2 KB up, 500 at 9.3 ms, 34.1 KB down, dropped at 12.0 ms
  [7] ├ worker: called at 140 µs, failed at 9.1 ms: the worker panicked or trapped
  [7] ├ call 1 IMAGES /transform: called at 900 µs, connection 6 new, after an idle one had closed, 1.5 KB up, 200 at 8.0 ms, 100 B down, broken at 11.0 ms: the answer of IMAGES was cut short
  [7] │ fault IMAGES:truncate=100
  [7] │ fault IMAGES:slow=9
  [7] │ └ images: connection 5 request 1, read 1.9 KB in 2, wrote 34.5 KB in 1, 0 pending, CUT: closed before all was written: Broken pipe
  [7] │   failed +50 µs
  [7] ├ call 2 gallery: NEXT → inner /host: called at 900 µs, 1.5 KB up, 0 B down, failed at 11.0 ms: subrequest depth limit exceeded
  [7] ├ 3 more calls
  [7] └
",
    );
}

#[test]
fn what_has_not_happened_yet_is_left_out() {
    let mut trace = Trace {
        worker: Some(WorkerHop {
            called_us: 140,
            answered_us: None,
            failure: None,
        }),
        calls: vec![CallHop {
            status: None,
            head_us: None,
            received_bytes: 0,
            end: End::Open,
            end_us: None,
            ..call(1)
        }],
        ..trace()
    };
    trace.client = ClientHop {
        status: None,
        head_us: None,
        body_bytes: 0,
        end: End::Open,
        end_us: None,
        ..trace.client
    };
    is_shown_as(
        &trace,
        r"
  [7] ├ client: connection 3 request 2 HTTP/1.1, 1.2 KB up, 0 B down, open
  [7] ├ worker: called at 140 µs, no answer
  [7] ├ call 1 IMAGES /transform: called at 900 µs, connection 5 new, 1.5 KB up, 0 B down, open
  [7] └
",
    );
}

#[test]
fn a_long_transport_shows_its_beginning_and_its_end() {
    let events = (0..20).map(|at| event(TransportAct::Pending, at * 10, 0, 1));
    let transport = Transport {
        left_out: 5,
        ..transport(events.collect())
    };
    let trace = Trace {
        calls: vec![CallHop {
            transport: Some(transport),
            ..call(1)
        }],
        ..trace()
    };
    is_shown_as(
        &trace,
        r"
  [7] ├ client: connection 3 request 2 HTTP/1.1, 1.2 KB up, 200 at 9.3 ms, 34.1 KB down, whole at 12.0 ms
  [7] ├ worker: called at 140 µs, answered at 9.1 ms
  [7] ├ call 1 IMAGES /transform: called at 900 µs, connection 5 new, 1.5 KB up, 200 at 8.0 ms, 34.1 KB down, whole at 11.0 ms
  [7] │ └ images: connection 5 request 1, read 1.9 KB in 2, wrote 34.5 KB in 1, 0 pending, whole, connection kept
  [7] │   pending +0 µs, pending +10 µs, pending +20 µs, pending +30 µs, pending +40 µs, pending +50 µs, pending +60 µs, pending +70 µs, … 9 more …, pending +120 µs, pending +130 µs, pending +140 µs, pending +150 µs, pending +160 µs, pending +170 µs, pending +180 µs, pending +190 µs
  [7] └
",
    );
}
