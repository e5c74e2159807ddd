//! The trace of a request, filled in while the request is open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode, Uri, Version};
use tokio::sync::Notify;

use super::facts::CallFacts;
use super::hops::{ClientHop, End, Trace, WorkerHop, micros, truncated};

/// Most calls of one request that are kept.
const MAX_CALLS: usize = 64;
/// Longest wait for the calls of a request that has ended. A call may end shortly after its request.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(250);

/// The facts of a request at its arrival.
pub struct Arrival<'a> {
    /// The request's number.
    pub id: u64,
    /// The request's method.
    pub method: &'a Method,
    /// The request's target.
    pub uri: &'a Uri,
    /// The HTTP version of the request.
    pub version: Version,
    /// The number of the connection, from 1.
    pub connection: u64,
    /// The number of the request among those of its connection, from 1.
    pub request_on_connection: u64,
}

/// A trace that is filled in while its request is open, and readable at any time.
#[derive(Debug)]
pub struct RequestTrace {
    id: u64,
    started: Instant,
    trace: Mutex<Trace>,
    calls: Mutex<Vec<Arc<Mutex<CallFacts>>>>,
    upload: Arc<AtomicU64>,
    call_ended: Notify,
}

impl RequestTrace {
    /// Begins the trace of a request that has arrived.
    pub fn begin(arrival: &Arrival<'_>) -> Arc<Self> {
        let target = arrival.uri.path_and_query();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let trace = Trace {
            id: arrival.id,
            method: arrival.method.to_string(),
            target: truncated(target.map_or("/", |target| target.as_str())),
            started_unix_us: since.map_or(0, micros),
            client: ClientHop {
                connection: arrival.connection,
                request_on_connection: arrival.request_on_connection,
                version: format!("{:?}", arrival.version),
                upload_bytes: 0,
                status: None,
                head_us: None,
                body_bytes: 0,
                end: End::Open,
                end_us: None,
            },
            worker: None,
            calls: Vec::new(),
            calls_left_out: 0,
        };
        Arc::new(Self {
            id: arrival.id,
            started: Instant::now(),
            trace: Mutex::new(trace),
            calls: Mutex::default(),
            upload: Arc::default(),
            call_ended: Notify::new(),
        })
    }

    /// The request's number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The counter of the bytes of the request's body.
    pub fn upload(&self) -> Arc<AtomicU64> {
        self.upload.clone()
    }

    /// Records that the request is passed to the worker.
    pub fn called(&self) {
        let hop = WorkerHop {
            called_us: self.now(),
            answered_us: None,
            failure: None,
        };
        self.lock().worker = Some(hop);
    }

    /// Records the worker's answer, or its failure.
    pub fn answered(&self, failure: Option<&str>) {
        let now = self.now();
        if let Some(worker) = &mut self.lock().worker {
            worker.answered_us = Some(now);
            worker.failure = failure.map(truncated);
        }
    }

    /// Records the head of the response, which is passed to the client's connection.
    pub fn head(&self, status: StatusCode) {
        let now = self.now();
        let client = &mut self.lock().client;
        client.status = Some(status.as_u16());
        client.head_us = Some(now);
    }

    /// Records the end of the response, after this many bytes of its body.
    pub fn end(&self, bytes: u64, end: End) {
        let now = self.now();
        let client = &mut self.lock().client;
        client.body_bytes = bytes;
        client.end_us = Some(now);
        client.end = end;
    }

    /// Waits, for at most 250 ms, until every call of a request that has ended has ended too.
    pub async fn settle(&self) {
        let settled = async {
            loop {
                let ended = self.call_ended.notified();
                if self.is_settled() {
                    return;
                }
                ended.await;
            }
        };
        // A call that is still open after that outlasts the response, and is shown as open.
        let _ = tokio::time::timeout(SETTLE_TIMEOUT, settled).await;
    }

    fn is_settled(&self) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        self.lock().client.end == End::Open || calls.iter().all(|call| lock(call).has_ended())
    }

    /// Returns a copy of the trace so far.
    pub fn snapshot(&self) -> Trace {
        let mut trace = self.lock().clone();
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.iter().zip(1..);
        let calls = calls.map(|(call, number)| lock(call).to_hop(number, self.started));
        trace.calls = calls.collect();
        trace.client.upload_bytes = self.upload.load(Ordering::Relaxed);
        trace
    }

    /// Keeps the facts of a call, unless [`MAX_CALLS`] are kept. Returns the call's number, from 1.
    pub(super) fn keep(&self, facts: &Arc<Mutex<CallFacts>>) -> Option<u64> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == MAX_CALLS {
            self.lock().calls_left_out += 1;
            return None;
        }
        calls.push(facts.clone());
        Some(calls.len() as u64)
    }

    /// Microseconds since the request's head was read.
    fn now(&self) -> u64 {
        micros(self.started.elapsed())
    }

    /// Wakes a reader that waits for the end of a call.
    pub(super) fn call_ended(&self) {
        self.call_ended.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(call: &Mutex<CallFacts>) -> MutexGuard<'_, CallFacts> {
    call.lock().unwrap_or_else(PoisonError::into_inner)
}
