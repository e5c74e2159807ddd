//! The transport record of one request on the images process's side of a connection, from its first byte read.
//!
//! `GET /trace?request=<n>` on its socket answers with a JSON array of [`Transport`], one for each call that carried
//! [`REQUEST_HEADER`] with that number. The shape is stable: fields are added, never renamed or removed.

use serde::{Deserialize, Serialize};

/// Number of the client's request that a call belongs to. Set by the runtime, never passed on from a guest.
pub const REQUEST_HEADER: &str = "safelight-request";
/// Number of the call within that request, from 1.
pub const CALL_HEADER: &str = "safelight-call";

/// The transport record of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transport {
    /// Number of the client's request, from the call's head.
    pub request: u64,
    /// Number of the call within that request, from the call's head.
    pub call: u64,
    /// Number of the connection among all that the process has accepted, from 1.
    pub connection: u64,
    /// Number of the request on its connection, from 1. Above 1, the connection was reused.
    pub request_on_connection: u64,
    /// Time at which its first byte was read, in microseconds since 1970. All other times count from here.
    pub started_unix_us: u64,
    /// Reads that brought bytes.
    pub reads: u64,
    /// Bytes read, with heads and framing.
    pub read_bytes: u64,
    /// Writes of which the system took bytes.
    pub writes: u64,
    /// Bytes written, with heads and framing.
    pub written_bytes: u64,
    /// Times that the system had no room for a write.
    pub pending_writes: u64,
    /// The end of the transport, or `Open`.
    pub end: TransportEnd,
    /// Error of the system, if the transport ended in one.
    pub error: Option<String>,
    /// The first and the last things that happened, oldest first.
    pub events: Vec<TransportEvent>,
    /// Events that happened after the first half of `events` and were not kept.
    pub left_out: u64,
}

/// One thing that happened on a connection. The same thing several times in a row is one event, except for writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportEvent {
    /// Time of the first occurrence, in microseconds.
    pub at_us: u64,
    /// Kind of the event.
    pub what: TransportAct,
    /// Bytes that were moved.
    pub bytes: u64,
    /// Number of occurrences in a row.
    pub times: u64,
}

/// The kinds of events on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportAct {
    /// Bytes were read.
    Read,
    /// The client has finished writing.
    ReadEnd,
    /// The head was whole, and the request went to its handler.
    Handled,
    /// The handler was done: from here on the answer is written.
    Answered,
    /// The system took bytes.
    Write,
    /// The system had no room for a write.
    Pending,
    /// All written bytes are with the system. Recorded only after a write.
    Flush,
    /// The writing side was shut down.
    Shutdown,
    /// The system refused to read, write or shut down, or a write was pending for too long.
    Failed,
    /// The connection was closed.
    Closed,
}

/// The end of a request's transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportEnd {
    /// The transport has not ended: there is no answer yet, or a part of the answer is not written.
    Open,
    /// The answer is written and flushed, and the connection waits for another request.
    Kept,
    /// The answer is written and flushed, and the connection closed after it.
    Closed,
    /// The connection closed before the answer was written and flushed.
    Cut,
    /// The system reported an error first.
    Failed,
}
