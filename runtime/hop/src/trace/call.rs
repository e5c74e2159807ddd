//! The record of one call: its line in the log, and its place in the trace of its request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use safelight_net::pool::ConnectionInfo;

use super::hops::{CallConnection, CallHop, End};
use super::request::{RequestTrace, micros, truncated};
use crate::log::{Bytes, Time};

/// The record of one call. Each layer adds its facts. The trace of the request keeps the record, if there is a trace.
#[derive(Clone, Debug)]
pub struct CallRecord {
    hop: Arc<Mutex<CallHop>>,
    /// The trace that keeps the record.
    trace: Option<Arc<RequestTrace>>,
    /// The zero of the record's times: the request's arrival if there is a trace, else the beginning of the call.
    zero: Instant,
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
pub struct CallEnd {
    /// Bytes of the request's body that the service read.
    pub sent: u64,
    /// Bytes of the answer's body that were received.
    pub received: u64,
    /// The text of the failure, if the call failed.
    pub failure: Option<String>,
    /// Whether the caller dropped the call before its end.
    pub is_dropped: bool,
}

impl CallRecord {
    /// Begins the record of a call. A trace keeps the first 64 calls of its request; later calls are logged alone.
    pub fn begin(trace: Option<&Arc<RequestTrace>>, head: &CallHead<'_>) -> Self {
        let zero = trace.map_or_else(Instant::now, |trace| trace.started());
        let hop = Arc::new(Mutex::new(CallHop {
            call: 0,
            hop: truncated(head.hop),
            worker: head.worker.map(truncated),
            callee: None,
            method: head.method.to_string(),
            path: truncated(head.path),
            called_us: micros(zero.elapsed()),
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
        }));
        let kept = trace.filter(|trace| trace.keep(&hop));
        Self {
            hop,
            trace: kept.cloned(),
            zero,
        }
    }

    /// The numbers of request and call, if the trace keeps the record.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        let trace = self.trace.as_ref()?;
        Some((trace.id(), self.lock().call))
    }

    /// Records the worker that a service binding calls.
    pub fn callee(&self, worker: &str) {
        self.lock().callee = Some(truncated(worker));
    }

    /// Records the connection of the call. A second connection means that the first, an idle one, had closed and returned
    /// the request unsent.
    pub fn connection(&self, connection: ConnectionInfo) {
        let ConnectionInfo { number, reused } = connection;
        let mut hop = self.lock();
        hop.connection = Some(CallConnection {
            number,
            reused,
            resent: !reused && hop.connection.is_some(),
        });
    }

    /// Records the reason why an error stands in place of the service's answer.
    pub fn failed(&self, why: &str) {
        self.lock().fault = Some(truncated(why));
    }

    /// Records a fault that was applied to the call.
    pub fn fault(&self, fault: &str) {
        self.lock().faults.push(truncated(fault));
    }

    /// Records the head of the answer, and the length in bytes that it promises.
    pub fn head<B>(&self, response: &http::Response<B>, expected: Option<u64>) {
        let header = |name| response.headers().get(name)?.to_str().ok().map(truncated);
        let now = self.now();
        let mut hop = self.lock();
        hop.status = Some(response.status().as_u16());
        hop.head_us = Some(now);
        hop.expected_bytes = expected;
        hop.server_timing = header("server-timing");
    }

    /// Records the service's own summary of its work, which is one line.
    pub fn summary(&self, summary: Option<&HeaderValue>) {
        let text = summary.and_then(|summary| summary.to_str().ok());
        self.lock().summary = text.map(truncated);
    }

    /// Records the end of the call.
    pub fn end(&self, end: CallEnd) {
        let now = self.now();
        {
            let mut hop = self.lock();
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
                hop.fault.get_or_insert_with(|| truncated(&failure));
            }
        }
        if let Some(trace) = &self.trace {
            trace.call_ended();
        }
    }

    fn now(&self) -> u64 {
        micros(self.zero.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, CallHop> {
        self.hop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows a call as its line in the log.
impl fmt::Display for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hop = self.lock();
        write!(f, "{} {}", hop.hop, hop.path)?;
        if let Some(status) = hop.status {
            write!(f, " {status}")?;
        }
        if let Some(summary) = &hop.summary {
            write!(f, " {summary}")?;
        }
        let took = hop.end_us.unwrap_or_default().saturating_sub(hop.called_us);
        write!(
            f,
            " ({} in, {} out) in {}",
            Bytes(hop.sent_bytes),
            Bytes(hop.received_bytes),
            Time(Duration::from_micros(took))
        )?;
        match (&hop.fault, hop.end) {
            (Some(_), End::Failed) if hop.status.is_some() => Ok(()),
            (Some(fault), _) => write!(f, " FAILED: {fault}"),
            (None, _) => Ok(()),
        }
    }
}
