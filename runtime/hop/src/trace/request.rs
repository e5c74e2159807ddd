//! The trace of a request on its way through the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode, Uri, Version};
use tokio::sync::Notify;

use super::hops::{CallHop, ClientHop, End, Trace, WorkerHop};

/// Most calls of one request that are kept.
const MAX_CALLS: usize = 64;
/// Most bytes of a text that are kept: a path, a failure, a summary.
const MAX_TEXT_BYTES: usize = 1_024;
/// Longest wait for the calls of a request that has ended. They end a moment later.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(250);

/// A request as it arrives.
pub struct Arrival<'a> {
    /// Its number.
    pub id: u64,
    /// Its method.
    pub method: &'a Method,
    /// Its target.
    pub uri: &'a Uri,
    /// The version of HTTP that it came by.
    pub version: Version,
    /// The connection that it came on.
    pub connection: u64,
    /// Which of that connection's requests it is.
    pub request_on_connection: u64,
}

/// A trace that is filled in while its request lives, and kept for a while after.
#[derive(Debug)]
pub struct RequestTrace {
    id: u64,
    started: Instant,
    trace: Mutex<Trace>,
    calls: Mutex<Vec<Arc<Mutex<CallHop>>>>,
    upload: Arc<AtomicU64>,
    call_ended: Notify,
}

impl RequestTrace {
    /// A trace that begins with the arrival of its request.
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

    /// Counts the bytes of the request's body.
    pub fn upload(&self) -> Arc<AtomicU64> {
        self.upload.clone()
    }

    /// The request goes to the worker.
    pub fn called(&self) {
        let hop = WorkerHop {
            called_us: self.now(),
            answered_us: None,
            failure: None,
        };
        self.lock().worker = Some(hop);
    }

    /// The worker has answered, or failed to.
    pub fn answered(&self, failure: Option<&str>) {
        let now = self.now();
        if let Some(worker) = &mut self.lock().worker {
            worker.answered_us = Some(now);
            worker.failure = failure.map(truncated);
        }
    }

    /// The head of the response is on its way to the client.
    pub fn head(&self, status: StatusCode) {
        let now = self.now();
        let client = &mut self.lock().client;
        client.status = Some(status.as_u16());
        client.head_us = Some(now);
    }

    /// The response has ended.
    pub fn end(&self, bytes: u64, end: End) {
        let now = self.now();
        let client = &mut self.lock().client;
        client.body_bytes = bytes;
        client.end_us = Some(now);
        client.end = end;
    }

    /// Waits until the calls of a request that has ended have ended, or long enough.
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
        // A call that is still open then goes on after the response, and is shown as open.
        let _ = tokio::time::timeout(SETTLE_TIMEOUT, settled).await;
    }

    fn is_settled(&self) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        self.lock().client.end == End::Open || calls.iter().all(|call| lock(call).end != End::Open)
    }

    /// A copy of the trace so far.
    pub fn snapshot(&self) -> Trace {
        let mut trace = self.lock().clone();
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        trace.calls = calls.iter().map(|call| lock(call).clone()).collect();
        trace.client.upload_bytes = self.upload.load(Ordering::Relaxed);
        trace
    }

    /// When the request's head was read.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Keeps the record of a call and gives it its number, unless the request has made too many.
    pub(super) fn keep(&self, call: &Arc<Mutex<CallHop>>) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == MAX_CALLS {
            self.lock().calls_left_out += 1;
            return false;
        }
        lock(call).call = calls.len() as u64 + 1;
        calls.push(call.clone());
        true
    }

    /// Microseconds since the request's head was read.
    fn now(&self) -> u64 {
        micros(self.started.elapsed())
    }

    /// A call has ended.
    pub(super) fn call_ended(&self) {
        self.call_ended.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(call: &Mutex<CallHop>) -> MutexGuard<'_, CallHop> {
    call.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A duration in whole microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Cuts a text to the bytes that are kept.
pub(super) fn truncated(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or_default()
        .to_owned()
}
