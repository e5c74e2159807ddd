//! The shape of a trace. As JSON it is stable: fields are added, never renamed or removed.
//!
//! Times are microseconds since the request's head was read, unless they say otherwise; what has not happened is `null`.

use safelight_protocol::trace::Transport;
use serde::Serialize;

/// One request of a client and everything that was done for it.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The request's number, as in the log.
    pub id: u64,
    /// Its method.
    pub method: String,
    /// Its path and query, cut after 1,024 bytes.
    pub target: String,
    /// When its head was read, in microseconds since 1970.
    pub started_unix_us: u64,
    /// The hop from the client.
    pub client: ClientHop,
    /// The hop into the worker, unless the request never got there.
    pub worker: Option<WorkerHop>,
    /// Calls that the worker made, and those that it called, in their order: bindings, and `fetch`.
    pub calls: Vec<CallHop>,
    /// Further calls that were not kept.
    pub calls_left_out: u64,
}

/// The client's connection and what went over it.
#[derive(Clone, Debug, Serialize)]
pub struct ClientHop {
    /// Number of the connection among all that the server has accepted, from 1.
    pub connection: u64,
    /// Which request of its connection this is, from 1.
    pub request_on_connection: u64,
    /// Such as `HTTP/1.1`.
    pub version: String,
    /// Bytes of the request's body that were read.
    pub upload_bytes: u64,
    /// Status of the response.
    pub status: Option<u16>,
    /// When the response's head was there.
    pub head_us: Option<u64>,
    /// Bytes of the response's body that were handed to the connection.
    pub body_bytes: u64,
    /// The outcome.
    pub end: End,
    /// When it ended.
    pub end_us: Option<u64>,
}

/// The time inside the worker.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerHop {
    /// When the request was handed to the worker.
    pub called_us: u64,
    /// When its response's head was there, or the failure known.
    pub answered_us: Option<u64>,
    /// Why there was no response.
    pub failure: Option<String>,
}

/// One call of a binding, or one `fetch`.
#[derive(Clone, Debug, Serialize)]
pub struct CallHop {
    /// The call's number within its request, from 1.
    pub call: u64,
    /// The binding's name, or `fetch`, method and host.
    pub hop: String,
    /// The worker that made it; `null` for the one that the client asked.
    pub worker: Option<String>,
    /// The worker that was asked, by a service binding.
    pub callee: Option<String>,
    /// The call's method.
    pub method: String,
    /// The call's path on the binding.
    pub path: String,
    /// When the worker made it.
    pub called_us: u64,
    /// The connection to the service's socket; absent for a call that does not go to one.
    pub connection: Option<CallConnection>,
    /// Bytes of the request's body that the service took.
    pub sent_bytes: u64,
    /// Status of the answer.
    pub status: Option<u16>,
    /// When its head was there.
    pub head_us: Option<u64>,
    /// Bytes of the body that the answer promised.
    pub expected_bytes: Option<u64>,
    /// Bytes of its body that came.
    pub received_bytes: u64,
    /// The outcome.
    pub end: End,
    /// When it ended.
    pub end_us: Option<u64>,
    /// The text of the failure, if it failed.
    pub fault: Option<String>,
    /// The faults that were applied to it.
    pub faults: Vec<String>,
    /// The service's own summary of its work.
    pub summary: Option<String>,
    /// The `server-timing` header of the service.
    pub server_timing: Option<String>,
    /// The record of the service's transport. In the trace of one request only, not in the list.
    pub transport: Option<Transport>,
    /// Why there is no transport although the call went to a socket, where that was asked.
    pub transport_missing: Option<String>,
}

/// A connection of the pool.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallConnection {
    /// Number of the connection among all of the pool, from 1.
    pub number: u64,
    /// Whether an earlier call had used it.
    pub reused: bool,
    /// Whether an idle connection was tried first, and gave the request back untouched.
    pub resent: bool,
}

/// The outcome of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It has not yet.
    Open,
    /// Whole.
    Whole,
    /// In an error after the head.
    Broken,
    /// Without a head.
    Failed,
    /// The receiver left before the end.
    Dropped,
}

impl End {
    /// The word for it, in JSON as in text.
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
