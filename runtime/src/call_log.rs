//! The layer that tells, for every binding call, what went in, what came out and how it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http_body::Body as _;
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::bindings::{Answer, CallContext};
use crate::body::{Watch, Watched};
use crate::record::{BindingCall, RequestRecord};
use crate::trace::{CallTrace, End};

/// The header by which a service says, in one line, what it did.
pub const SUMMARY_HEADER: &str = "safelight-summary";

/// Makes a call, and logs it when it has ended.
pub async fn logged<F: Future<Output = Answer>>(
    mut request: http::Request<WasiBody>,
    next: impl FnOnce(http::Request<WasiBody>) -> F,
) -> Answer {
    let mut pending = Pending::new(&request);
    if let Some(trace) = &pending.trace {
        request.extensions_mut().insert(trace.clone());
    }
    let sent = Sent(pending.sent.clone());
    let response = match next(request.map(|body| Watched::new(body, sent).boxed_unsync())).await {
        Ok(response) => response,
        Err(error) => {
            pending.end(Err(&error));
            return Err(error);
        }
    };
    pending.call.status = Some(response.status());
    pending.call.summary = response
        .headers()
        .get(SUMMARY_HEADER)
        .and_then(|summary| Some(summary.to_str().ok()?.to_owned()));
    pending.expected = response.body().size_hint().exact();
    if let Some(trace) = &pending.trace {
        trace.head(&response, pending.expected);
    }
    Ok(response.map(|body| Watched::new(body, pending).boxed_unsync()))
}

/// Counts the bytes of an upload.
struct Sent(Arc<AtomicU64>);

impl Watch for Sent {
    fn data(&mut self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn end(&mut self, _result: Result<(), &Error>) {}
}

/// A call that is not logged yet. Dropping it logs it, so that no way to end goes unseen.
struct Pending {
    record: Option<Arc<RequestRecord>>,
    call: BindingCall,
    started: Instant,
    sent: Arc<AtomicU64>,
    expected: Option<u64>,
    ended: bool,
    trace: Option<CallTrace>,
}

impl Pending {
    fn new(request: &http::Request<WasiBody>) -> Self {
        let context = request.extensions().get::<CallContext>();
        Self {
            record: context.map(|context| context.record.clone()),
            call: BindingCall {
                name: context.map_or("binding", |context| &context.hop).to_owned(),
                path: request.uri().path().to_owned(),
                status: None,
                summary: None,
                sent: 0,
                received: 0,
                time: std::time::Duration::ZERO,
                fault: None,
            },
            started: Instant::now(),
            sent: Arc::default(),
            expected: None,
            ended: false,
            trace: context.and_then(|context| CallTrace::begin(context, request)),
        }
    }
}

impl Watch for Pending {
    fn data(&mut self, bytes: u64) {
        self.call.received += bytes;
    }

    fn end(&mut self, result: Result<(), &Error>) {
        self.ended = true;
        self.call.fault = result.err().map(ToString::to_string);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A reader that knows the length stops when it has it, without asking for the end.
        let whole = self.ended || self.expected == Some(self.call.received);
        let dropped = !whole;
        if dropped {
            self.call.fault = Some("the worker dropped the call before its end".into());
        }
        self.call.sent = self.sent.load(Ordering::Relaxed);
        self.call.time = self.started.elapsed();
        if let Some(record) = &self.record {
            record.note(&self.call);
        }
        if let Some(trace) = &self.trace {
            trace.end(&self.call, dropped.then_some(End::Dropped));
        }
    }
}
