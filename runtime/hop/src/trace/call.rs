//! The record of one call: its place in the trace of its request.

use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use safelight_net::pool::ConnectionInfo;
use safelight_protocol::headers::SUMMARY;

use super::hops::{CallConnection, CallHop, End};
use super::request::{RequestTrace, truncated};

/// The record of one call, to which each layer adds its facts. It is empty for a call that no trace keeps.
#[derive(Clone, Debug)]
pub struct CallRecord(Option<TracedCall>);

/// A call that a trace keeps.
#[derive(Clone, Debug)]
struct TracedCall {
    hop: Arc<Mutex<CallHop>>,
    trace: Arc<RequestTrace>,
}

/// The facts of a call at its beginning.
#[derive(Clone, Copy, Debug)]
pub struct CallHead<'a> {
    /// The binding's name, or `fetch`, method and host.
    pub hop: &'a str,
    /// The worker that makes the call; `None` for the worker of the client's own request.
    pub worker: Option<&'a str>,
    /// The call's method.
    pub method: &'a Method,
    /// The call's path on the binding.
    pub path: &'a str,
}

/// The facts of a call at its end.
#[derive(Debug)]
pub struct CallEnd<'a> {
    /// Bytes of the request's body that the service read.
    pub sent: u64,
    /// Bytes of the answer's body that were received.
    pub received: u64,
    /// The text of the failure, if the call failed.
    pub failure: Option<&'a str>,
    /// Whether the caller dropped the call before its end.
    pub is_dropped: bool,
}

impl CallRecord {
    /// Begins the record of a call. A trace keeps the first 64 calls of its request; later calls are logged alone.
    pub fn begin(trace: Option<&Arc<RequestTrace>>, head: &CallHead<'_>) -> Self {
        let Some(trace) = trace else {
            return Self(None);
        };
        let hop = trace.keep(|call| CallHop {
            call,
            hop: truncated(head.hop),
            worker: head.worker.map(truncated),
            callee: None,
            method: head.method.to_string(),
            path: truncated(head.path),
            called_us: trace.now(),
            connection: None,
            sent_bytes: 0,
            status: None,
            head_us: None,
            expected_bytes: None,
            received_bytes: 0,
            end: End::Open,
            end_us: None,
            fault: None,
            faults: Vec::new(),
            summary: None,
            server_timing: None,
            transport: None,
            transport_missing: None,
        });
        Self(hop.map(|hop| TracedCall {
            hop,
            trace: trace.clone(),
        }))
    }

    /// The numbers of request and call, if the trace keeps the record.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        let TracedCall { hop, trace } = self.0.as_ref()?;
        let call = hop.lock().unwrap_or_else(PoisonError::into_inner).call;
        Some((trace.id(), call))
    }

    /// Records the worker that a service binding calls.
    pub fn callee(&self, worker: &str) {
        self.change(|hop, _| hop.callee = Some(truncated(worker)));
    }

    /// Records the connection of the call. A second connection means that the first, an idle one, had closed and returned
    /// the request unsent.
    pub fn connection(&self, connection: ConnectionInfo) {
        let ConnectionInfo { number, reused } = connection;
        self.change(|hop, _| {
            hop.connection = Some(CallConnection {
                number,
                reused,
                resent: !reused && hop.connection.is_some(),
            });
        });
    }

    /// Records the reason why an error stands in place of the service's answer.
    pub fn failed(&self, why: &str) {
        self.change(|hop, _| hop.fault = Some(truncated(why)));
    }

    /// Records a fault that was applied to the call.
    pub fn fault(&self, fault: &str) {
        self.change(|hop, _| hop.faults.push(truncated(fault)));
    }

    /// Records the head of the answer, and the length in bytes that it promises.
    pub fn head<B>(&self, response: &http::Response<B>, expected: Option<u64>) {
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(truncated);
        self.change(|hop, now| {
            hop.status = Some(response.status().as_u16());
            hop.head_us = Some(now);
            hop.expected_bytes = expected;
            hop.server_timing = header("server-timing");
            hop.summary = header(SUMMARY.as_str());
        });
    }

    /// Records the end of the call.
    pub fn end(&self, end: &CallEnd<'_>) {
        self.change(|hop, now| {
            hop.sent_bytes = end.sent;
            hop.received_bytes = end.received;
            hop.end_us = Some(now);
            hop.end = match (end.is_dropped, hop.head_us) {
                (true, _) => End::Dropped,
                (false, None) => End::Failed,
                (false, Some(_)) if end.failure.is_some() => End::Broken,
                (false, Some(_)) if hop.fault.is_some() => End::Failed,
                (false, Some(_)) => End::Whole,
            };
            if let Some(failure) = end.failure {
                hop.fault.get_or_insert_with(|| truncated(failure));
            }
        });
        if let Some(TracedCall { trace, .. }) = &self.0 {
            trace.call_ended();
        }
    }

    /// Changes the record at this time in the trace, in microseconds. Without a trace, nothing happens.
    fn change(&self, change: impl FnOnce(&mut CallHop, u64)) {
        if let Some(TracedCall { hop, trace }) = &self.0 {
            let now = trace.now();
            change(&mut hop.lock().unwrap_or_else(PoisonError::into_inner), now);
        }
    }
}
