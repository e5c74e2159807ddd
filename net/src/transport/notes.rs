//! The notes of one request: its numbers, the sums of everything, and how far its answer has come.

use std::{
    io,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use safelight_protocol::trace::{Transport, TransportAct, TransportEnd, TransportEvent};

use super::events::Events;

/// Which call of which request this is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) request: u64,
    pub(super) call: u64,
}

/// What is known of a request on its connection.
#[derive(Debug)]
pub(super) struct Notes {
    connection: u64,
    request_on_connection: u64,
    call: Option<Call>,
    started: Instant,
    started_unix_us: u64,
    events: Events,
    sums: Sums,
    answer: AnswerState,
    then: Then,
    error: Option<io::ErrorKind>,
}

/// What comes on the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Another request.
    Next,
    /// Nothing: what is read is the rest of this request.
    Nothing,
}

#[derive(Debug, Default)]
struct Sums {
    reads: u64,
    read_bytes: u64,
    writes: u64,
    written_bytes: u64,
    pending_writes: u64,
}

/// How far the answer has come, as far as the transport can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerState {
    /// The handler works.
    Awaited,
    /// The handler is done, and not all is written and flushed.
    Due,
    /// Written and flushed.
    Done,
    /// Written and flushed, and closed after it.
    Closed,
    /// Closed before that.
    Cut,
}

impl Notes {
    pub(super) fn new(connection: u64, request_on_connection: u64) -> Self {
        let (started, started_unix_us) = now();
        Self {
            connection,
            request_on_connection,
            call: None,
            started,
            started_unix_us,
            events: Events::new(),
            sums: Sums::default(),
            answer: AnswerState::Awaited,
            then: Then::Next,
            error: None,
        }
    }

    fn begin(&mut self) {
        (self.started, self.started_unix_us) = now();
        self.events.clear();
        (self.sums, self.answer) = (Sums::default(), AnswerState::Awaited);
        (self.call, self.then, self.error) = (None, Then::Next, None);
    }

    /// The connection and the number of the request that begins with the next byte, if this one is over.
    pub(super) fn successor(&self) -> Option<(u64, u64)> {
        (self.answer == AnswerState::Done && self.then == Then::Next)
            .then_some((self.connection, self.request_on_connection + 1))
    }

    /// Gives the notes their number; whether they had none before and have one now.
    pub(super) fn handled(&mut self, call: Option<Call>) -> bool {
        self.note(TransportAct::Handled, 0);
        let fresh = self.call.is_none() && call.is_some();
        self.call = self.call.or(call);
        fresh
    }

    /// The handler is done.
    pub(super) fn answered(&mut self, then: Then) {
        self.note(TransportAct::Answered, 0);
        self.answer = AnswerState::Due;
        self.then = then;
    }

    pub(super) fn failed(&mut self, error: io::ErrorKind) {
        self.error = self.error.or(Some(error));
        self.note(TransportAct::Failed, 0);
    }

    pub(super) fn note(&mut self, act: TransportAct, bytes: usize) {
        let bytes = bytes as u64;
        if act == TransportAct::Flush && !self.events.unflushed() {
            return;
        }
        match act {
            TransportAct::Read => {
                if self.sums.reads == 0 {
                    // Until now the connection only waited.
                    self.begin();
                }
                self.sums.reads += 1;
                self.sums.read_bytes += bytes;
            }
            TransportAct::Write => {
                self.sums.writes += 1;
                self.sums.written_bytes += bytes;
            }
            TransportAct::Pending => self.sums.pending_writes += 1,
            TransportAct::Flush if self.answer == AnswerState::Due => {
                self.answer = AnswerState::Done;
            }
            TransportAct::Shutdown | TransportAct::Closed => {
                self.answer = match self.answer {
                    AnswerState::Done | AnswerState::Closed => AnswerState::Closed,
                    AnswerState::Awaited | AnswerState::Due | AnswerState::Cut => AnswerState::Cut,
                };
            }
            TransportAct::ReadEnd
            | TransportAct::Handled
            | TransportAct::Answered
            | TransportAct::Flush
            | TransportAct::Failed => {}
        }
        self.events.push(TransportEvent {
            at_us: micros(self.started.elapsed().as_micros()),
            what: act,
            bytes,
            times: 1,
        });
    }

    /// What is told of it, if its head gave it a number.
    pub(super) fn transport(&self) -> Option<Transport> {
        let call = self.call?;
        Some(Transport {
            request: call.request,
            call: call.call,
            connection: self.connection,
            request_on_connection: self.request_on_connection,
            started_unix_us: self.started_unix_us,
            reads: self.sums.reads,
            read_bytes: self.sums.read_bytes,
            writes: self.sums.writes,
            written_bytes: self.sums.written_bytes,
            pending_writes: self.sums.pending_writes,
            end: self.end(),
            error: self.error.map(|error| error.to_string()),
            events: self.events.in_order(),
            left_out: self.events.left_out(),
        })
    }

    fn end(&self) -> TransportEnd {
        match self.answer {
            // An error on an idle connection is not the request's any more.
            AnswerState::Done => TransportEnd::Kept,
            AnswerState::Closed => TransportEnd::Closed,
            AnswerState::Awaited | AnswerState::Due | AnswerState::Cut if self.error.is_some() => {
                TransportEnd::Failed
            }
            AnswerState::Cut => TransportEnd::Cut,
            AnswerState::Awaited | AnswerState::Due => TransportEnd::Open,
        }
    }
}

/// By the clock of the process, and in microseconds since 1970.
fn now() -> (Instant, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let unix = since.map_or(0, |since| micros(since.as_micros()));
    (Instant::now(), unix)
}

fn micros(micros: u128) -> u64 {
    u64::try_from(micros).unwrap_or(u64::MAX)
}
