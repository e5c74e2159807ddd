//! The record of one call, to which each layer adds its facts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use safelight_net::pool::ConnectionInfo;

use super::facts::{CallFacts, CallHead};
use super::hops::CallConnection;
use super::request::RequestTrace;

/// The record of one call, to which each layer adds its facts. The trace of the request may keep it.
#[derive(Clone, Debug)]
pub struct CallRecord {
    facts: Arc<Mutex<CallFacts>>,
    trace: Option<TracedCall>,
}

/// The trace that keeps a record, and the number of the call in it.
#[derive(Clone, Debug)]
struct TracedCall {
    trace: Arc<RequestTrace>,
    call: u64,
}

impl CallRecord {
    /// Begins the record of a call. A trace keeps the first 64 calls of its request; later calls are logged alone.
    pub fn begin(trace: Option<&Arc<RequestTrace>>, head: &CallHead<'_>) -> Self {
        let facts = Arc::new(Mutex::new(CallFacts::new(head)));
        let trace = trace.and_then(|trace| {
            let call = trace.keep(&facts)?;
            let trace = trace.clone();
            Some(TracedCall { trace, call })
        });
        Self { facts, trace }
    }

    /// The numbers of request and call, if the trace keeps the record.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        let TracedCall { trace, call } = self.trace.as_ref()?;
        Some((trace.id(), *call))
    }

    /// Records the worker that a service binding calls.
    pub fn callee(&self, worker: &str) {
        self.lock().callee = Some(worker.to_owned());
    }

    /// Records the connection of the call. A second connection means that the first, an idle one, had closed and returned
    /// the request unsent.
    pub fn connection(&self, connection: ConnectionInfo) {
        let ConnectionInfo { number, reused } = connection;
        let mut facts = self.lock();
        facts.connection = Some(CallConnection {
            number,
            reused,
            resent: !reused && facts.connection.is_some(),
        });
    }

    /// Records the reason why an error stands in place of the service's answer.
    pub fn replaced(&self, why: &str) {
        self.lock().replaced = Some(why.to_owned());
    }

    /// Records a fault that was applied to the call.
    pub fn fault(&self, fault: &str) {
        self.lock().faults.push(fault.to_owned());
    }

    /// Records a piece of the request's body that the service has read, by its length in bytes.
    pub fn sent(&self, bytes: u64) {
        self.lock().sent += bytes;
    }

    /// Records the error of the request's body.
    pub fn upload_broke(&self, why: &str) {
        self.lock()
            .broken_upload
            .get_or_insert_with(|| why.to_owned());
    }

    /// Records the head of the answer, and the length in bytes that it promises.
    pub fn head<B>(&self, response: &http::Response<B>, expected: Option<u64>) {
        self.lock().answered(response, expected);
    }

    /// Returns whether the head of an answer has come.
    pub fn is_answered(&self) -> bool {
        self.lock().is_answered()
    }

    /// Records a piece of the answer's body, by its length in bytes.
    pub fn received(&self, bytes: u64) {
        self.lock().received += bytes;
    }

    /// Records that the answer was read to its end.
    pub fn complete(&self) {
        self.lock().is_complete = true;
    }

    /// Records the error of the call, or of its answer's body.
    pub fn fail(&self, why: &str) {
        let mut facts = self.lock();
        facts.is_complete = true;
        facts.failure = Some(why.to_owned());
    }

    /// Ends the call, whose caller dropped it if it is neither complete nor failed. `log` writes its line before anyone sees
    /// the end.
    pub fn end(&self, log: impl FnOnce(&str)) {
        let line = {
            let mut facts = self.lock();
            facts.determine_failure();
            facts.to_string()
        };
        log(&line);
        self.lock().end();
        if let Some(TracedCall { trace, .. }) = &self.trace {
            trace.call_ended();
        }
    }

    fn lock(&self) -> MutexGuard<'_, CallFacts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
