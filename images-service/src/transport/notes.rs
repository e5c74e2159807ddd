//! The notes of one request: sums of everything, and the first and last events.

use std::{
    io,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use safelight_protocol::trace::{Transport, TransportAct, TransportEnd, TransportEvent};

/// Events that are kept from the beginning, and as many from the end.
pub(super) const HALF: usize = 32;

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
    last: bool,
    error: Option<io::ErrorKind>,
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
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            connection,
            request_on_connection,
            call: None,
            started: Instant::now(),
            started_unix_us: since.map_or(0, |since| micros(since.as_micros())),
            events: Events::new(),
            sums: Sums::default(),
            answer: AnswerState::Awaited,
            last: false,
            error: None,
        }
    }

    /// The connection and the number of the request that begins with the next byte, if this one is over.
    pub(super) fn successor(&self) -> Option<(u64, u64)> {
        (self.answer == AnswerState::Done && !self.last)
            .then_some((self.connection, self.request_on_connection + 1))
    }

    /// Gives the notes their number; whether they had none before and have one now.
    pub(super) fn handled(&mut self, call: Option<Call>) -> bool {
        self.note(TransportAct::Handled, 0);
        let fresh = self.call.is_none() && call.is_some();
        self.call = self.call.or(call);
        fresh
    }

    /// The handler is done; `last` says that the connection ends with this answer.
    pub(super) fn answered(&mut self, last: bool) {
        self.note(TransportAct::Answered, 0);
        self.answer = AnswerState::Due;
        self.last = last;
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
                    *self = Self::new(self.connection, self.request_on_connection);
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
            left_out: self.events.left_out,
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

/// The first events and the last, in memory that is taken once.
#[derive(Debug)]
struct Events {
    first: Vec<TransportEvent>,
    /// A ring once it is full.
    last: Vec<TransportEvent>,
    oldest: usize,
    left_out: u64,
    /// What happened last.
    newest: Option<TransportAct>,
    written: bool,
}

impl Events {
    fn new() -> Self {
        Self {
            first: Vec::with_capacity(HALF),
            last: Vec::with_capacity(HALF),
            oldest: 0,
            left_out: 0,
            newest: None,
            written: false,
        }
    }

    /// Whether there was a write since the last flush.
    fn unflushed(&self) -> bool {
        self.written
    }

    fn push(&mut self, event: TransportEvent) {
        if event.what == TransportAct::Write {
            self.written = true;
        } else if event.what == TransportAct::Flush {
            self.written = false;
        }
        let again = self.newest == Some(event.what) && event.what != TransportAct::Write;
        self.newest = Some(event.what);
        if again && let Some(last) = self.newest_mut() {
            last.bytes += event.bytes;
            last.times += 1;
        } else if self.first.len() < HALF {
            self.first.push(event);
        } else if self.last.len() < HALF {
            self.last.push(event);
        } else if let Some(place) = self.last.get_mut(self.oldest) {
            *place = event;
            self.oldest = (self.oldest + 1) % HALF;
            self.left_out += 1;
        }
    }

    fn newest_mut(&mut self) -> Option<&mut TransportEvent> {
        match self.last.len() {
            0 => self.first.last_mut(),
            length => self.last.get_mut((self.oldest + length - 1) % length),
        }
    }

    fn in_order(&self) -> Vec<TransportEvent> {
        let (newer, older) = self.last.split_at(self.oldest.min(self.last.len()));
        [self.first.as_slice(), older, newer].concat()
    }
}

fn micros(micros: u128) -> u64 {
    u64::try_from(micros).unwrap_or(u64::MAX)
}
