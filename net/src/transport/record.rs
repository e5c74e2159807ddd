//! The record of one request: its numbers, its events and their sums, and the state of its response.

use std::{
    io,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use safelight_protocol::trace::{Transport, TransportAct, TransportEnd, TransportEvent};

use super::events::Events;

/// The numbers of a call and of its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallId {
    pub(super) request: u64,
    pub(super) call: u64,
}

/// The record of one request on its connection.
#[derive(Debug)]
pub(super) struct TransportRecord {
    connection: u64,
    request_on_connection: u64,
    call: Option<CallId>,
    started: Instant,
    started_unix_us: u64,
    events: Events,
    sums: Sums,
    response: ResponseState,
    next_read: NextRead,
    error: Option<io::ErrorKind>,
}

/// The meaning of the bytes that come after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRead {
    /// They begin the next request.
    NextRequest,
    /// They are the rest of this request, after which the connection closes.
    SameRequest,
}

#[derive(Debug, Default)]
struct Sums {
    reads: u64,
    read_bytes: u64,
    writes: u64,
    written_bytes: u64,
    pending_writes: u64,
}

/// The state of a response, as far as the transport can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResponseState {
    /// The handler has not returned it.
    Awaited,
    /// Not all of it is written and flushed.
    Writing,
    /// It is written and flushed.
    Flushed,
    /// It is written and flushed, and the connection is closed.
    Closed,
    /// The connection is closed, and not all of it was written and flushed.
    Cut,
}

impl TransportRecord {
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
            response: ResponseState::Awaited,
            next_read: NextRead::NextRequest,
            error: None,
        }
    }

    fn restart(&mut self) {
        (self.started, self.started_unix_us) = now();
        self.events.clear();
        (self.sums, self.response) = (Sums::default(), ResponseState::Awaited);
        (self.call, self.next_read, self.error) = (None, NextRead::NextRequest, None);
    }

    /// The connection and the number of the request that begins with the next byte, if this one has ended.
    pub(super) fn next_request(&self) -> Option<(u64, u64)> {
        (self.response == ResponseState::Flushed && self.next_read == NextRead::NextRequest)
            .then_some((self.connection, self.request_on_connection + 1))
    }

    /// Adds the head of the request. Returns whether it gives the record its first number.
    pub(super) fn push_request(&mut self, call: Option<CallId>) -> bool {
        self.push(TransportAct::Handled, 0);
        let is_new = self.call.is_none() && call.is_some();
        self.call = self.call.or(call);
        is_new
    }

    /// Adds the response that the handler has returned.
    pub(super) fn push_response(&mut self, next_read: NextRead) {
        self.push(TransportAct::Answered, 0);
        self.response = ResponseState::Writing;
        self.next_read = next_read;
    }

    pub(super) fn push_error(&mut self, error: io::ErrorKind) {
        self.error = self.error.or(Some(error));
        self.push(TransportAct::Failed, 0);
    }

    pub(super) fn push(&mut self, act: TransportAct, bytes: usize) {
        let bytes = bytes as u64;
        if act == TransportAct::Flush && !self.events.unflushed() {
            return;
        }
        match act {
            TransportAct::Read => {
                if self.sums.reads == 0 {
                    // Until now the connection was idle.
                    self.restart();
                }
                self.sums.reads += 1;
                self.sums.read_bytes += bytes;
            }
            TransportAct::Write => {
                self.sums.writes += 1;
                self.sums.written_bytes += bytes;
            }
            TransportAct::Pending => self.sums.pending_writes += 1,
            TransportAct::Flush if self.response == ResponseState::Writing => {
                self.response = ResponseState::Flushed;
            }
            TransportAct::Shutdown | TransportAct::Closed => {
                self.response = match self.response {
                    ResponseState::Flushed | ResponseState::Closed => ResponseState::Closed,
                    ResponseState::Awaited | ResponseState::Writing | ResponseState::Cut => {
                        ResponseState::Cut
                    }
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

    /// The record as clients see it, if its head gave it a number.
    pub(super) fn to_transport(&self) -> Option<Transport> {
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
        match self.response {
            // An error on an idle connection belongs to no request.
            ResponseState::Flushed => TransportEnd::Kept,
            ResponseState::Closed => TransportEnd::Closed,
            ResponseState::Awaited | ResponseState::Writing | ResponseState::Cut
                if self.error.is_some() =>
            {
                TransportEnd::Failed
            }
            ResponseState::Cut => TransportEnd::Cut,
            ResponseState::Awaited | ResponseState::Writing => TransportEnd::Open,
        }
    }
}

/// The time by the monotonic clock, and in microseconds since 1970.
fn now() -> (Instant, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let unix = since.map_or(0, |since| micros(since.as_micros()));
    (Instant::now(), unix)
}

fn micros(micros: u128) -> u64 {
    u64::try_from(micros).unwrap_or(u64::MAX)
}
