//! The shape of a trace. As JSON it is stable: fields are added, never renamed or removed.
//!
//! A time is in microseconds since the request's head was read, unless its field says otherwise. The field of an event that
//! has not happened is `null`.

use std::time::Duration;

use safelight_protocol::trace::Transport;
use serde::Serialize;

/// One request of a client and all its hops.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The request's number, as in the log.
    pub id: u64,
    /// Its method.
    pub method: String,
    /// Its path and query, cut after 1,024 bytes.
    pub target: String,
    /// The time at which its head was read, in microseconds since the Unix epoch.
    pub started_unix_us: u64,
    /// The hop from the client.
    pub client: ClientHop,
    /// The hop into the worker; `null` if the request was answered without it.
    pub worker: Option<WorkerHop>,
    /// Calls of bindings and of `fetch`, in the order in which they began: those of the worker, and of the workers that it
    /// calls.
    pub calls: Vec<CallHop>,
    /// The number of further calls, of which no record is kept.
    pub calls_left_out: u64,
}

/// The client's connection, and the request and response on it.
#[derive(Clone, Debug, Serialize)]
pub struct ClientHop {
    /// The number of the connection among all connections that the server has accepted, from 1.
    pub connection: u64,
    /// The number of the request among those of its connection, from 1.
    pub request_on_connection: u64,
    /// The HTTP version, such as `HTTP/1.1`.
    pub version: String,
    /// Bytes of the request's body that were read.
    pub upload_bytes: u64,
    /// The status of the response.
    pub status: Option<u16>,
    /// The time at which the response's head was ready.
    pub head_us: Option<u64>,
    /// Bytes of the response's body that were passed to the connection.
    pub body_bytes: u64,
    /// The outcome.
    pub end: End,
    /// The time of the end.
    pub end_us: Option<u64>,
}

/// The hop into the worker.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerHop {
    /// The time at which the request was passed to the worker.
    pub called_us: u64,
    /// The time of its response's head, or of its failure.
    pub answered_us: Option<u64>,
    /// The text of the failure, if there is no response.
    pub failure: Option<String>,
}

/// One call of a binding, or one `fetch`.
#[derive(Clone, Debug, Serialize)]
pub struct CallHop {
    /// The call's number within its request, from 1.
    pub call: u64,
    /// The binding's name, or `fetch`, method and host.
    pub hop: String,
    /// The worker that made the call; `null` for the worker of the client's own request.
    pub worker: Option<String>,
    /// The worker that was called, for a service binding.
    pub callee: Option<String>,
    /// The call's method.
    pub method: String,
    /// The call's path on the binding.
    pub path: String,
    /// The time at which the worker made the call.
    pub called_us: u64,
    /// The connection to the service's socket; `null` for a call that uses none.
    pub connection: Option<CallConnection>,
    /// Bytes of the request's body that the service read.
    pub sent_bytes: u64,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The time at which the answer's head arrived.
    pub head_us: Option<u64>,
    /// Bytes that the answer's head promised.
    pub expected_bytes: Option<u64>,
    /// Bytes of the answer's body that were received.
    pub received_bytes: u64,
    /// The outcome.
    pub end: End,
    /// The time of the end.
    pub end_us: Option<u64>,
    /// The text of the failure, if the call failed.
    pub fault: Option<String>,
    /// The faults that were applied to the call.
    pub faults: Vec<String>,
    /// The service's own summary of its work.
    pub summary: Option<String>,
    /// The `server-timing` header of the service.
    pub server_timing: Option<String>,
    /// The record of the service's transport. It is in the trace of one request, and never in the list of traces.
    pub transport: Option<Transport>,
    /// The reason why a requested transport is missing, for a call with a connection.
    pub transport_missing: Option<String>,
}

/// A connection of the pool.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallConnection {
    /// The number of the connection among all connections of the pool, from 1.
    pub number: u64,
    /// Whether an earlier call had used the connection.
    pub reused: bool,
    /// Whether the request was first given to an idle connection, which had closed and returned it unsent.
    pub resent: bool,
}

/// The outcome of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The hop has not ended.
    Open,
    /// The hop is complete.
    Whole,
    /// The body ended in an error after the head.
    Broken,
    /// The hop has no head, or an error stands in place of the service's answer.
    Failed,
    /// The receiver left before the end.
    Dropped,
}

impl End {
    /// Returns the word of the outcome, which is the same in JSON and in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Whole => "whole",
            Self::Broken => "broken",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// The maximum number of bytes of a text. Texts are paths, failures and summaries.
const MAX_TEXT_BYTES: usize = 1_024;

/// Returns the first [`MAX_TEXT_BYTES`] of a text, cut at the boundary of a character.
pub(super) fn truncated(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or_default()
        .to_owned()
}

/// Cuts a text that is kept to its first [`MAX_TEXT_BYTES`], and frees the memory of the rest.
pub(super) fn truncate(text: &mut String) {
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text.shrink_to_fit();
}

/// Returns a duration in whole microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
