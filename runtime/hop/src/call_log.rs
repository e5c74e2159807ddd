//! The layer that tells, for every binding call, what went in, what came out and how it ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http_body::Body as _;
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::bindings::{Answer, CallContext};
use crate::body::{Watch, Watched};
use crate::error::inner;
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
    let sent = Watching {
        upload: pending.upload.clone(),
        record: pending.record.clone(),
    };
    let response = match next(request.map(|body| Watched::new(body, sent).boxed_unsync())).await {
        Ok(response) => response,
        Err(mut error) => {
            pending.end(Err(&mut error));
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

/// What a call has sent.
#[derive(Default)]
struct Upload {
    bytes: AtomicU64,
    /// Why it broke off, which is no fault of the service's.
    broken: OnceLock<String>,
}

/// Tells of an upload while the service takes it.
struct Watching {
    upload: Arc<Upload>,
    record: Option<Arc<RequestRecord>>,
}

impl Watching {
    /// What the engine says of an upload that has not the length that its head promised.
    fn not_as_promised(&self, bytes: Option<u64>) -> String {
        let record = self.record.as_deref();
        let bytes = bytes.map_or_else(String::new, |bytes| format!(" than {bytes} bytes"));
        // The worker could not pass on what it did not get; but this may be another upload.
        let before = record
            .and_then(|record| record.broken_upload().or(record.broken_answer()))
            .map_or_else(String::new, |why| format!("; before that, {why}"));
        format!("the worker promised another length{bytes}{before}")
    }
}

impl Watch for Watching {
    fn data(&mut self, bytes: u64) {
        self.upload.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn end(&mut self, result: Result<(), &mut Error>) {
        let Err(error) = result else { return };
        if let Error::HttpRequestBodySize(bytes) = *error {
            *error = Error::InternalError(Some(self.not_as_promised(bytes)));
        }
        let _ = self.upload.broken.set(inner(error));
    }
}

/// A call that is not logged yet. Dropping it logs it, so that no way to end goes unseen.
struct Pending {
    record: Option<Arc<RequestRecord>>,
    call: BindingCall,
    started: Instant,
    upload: Arc<Upload>,
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
            upload: Arc::default(),
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

    fn end(&mut self, result: Result<(), &mut Error>) {
        self.ended = true;
        self.call.fault = result.err().map(|error| inner(error));
        if let (Some(record), Some(fault), Some(_)) =
            (&self.record, &self.call.fault, self.call.status)
        {
            record.answer_broke(fault);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A reader that knows the length stops when it has it, without asking for the end.
        let whole = self.ended || self.expected == Some(self.call.received);
        let dropped = !whole;
        if dropped {
            self.call.fault = Some(match self.call.status {
                // Whoever asked has what counts of it, and may be no worker at all.
                Some(status) if !status.is_success() => {
                    format!("the answer is {status} and was not read to its end")
                }
                Some(_) | None => "the worker dropped the call before its end".into(),
            });
        }
        if let Some(fault) = &mut self.call.fault
            && let Some(why) = self.upload.broken.get()
        {
            // Whatever else failed did so after that.
            *fault = match self.call.status {
                Some(_) => format!("the upload broke off ({why}); {fault}"),
                None => format!("the upload broke off: {why}"),
            };
        }
        self.call.sent = self.upload.bytes.load(Ordering::Relaxed);
        self.call.time = self.started.elapsed();
        if let Some(record) = &self.record {
            record.note(&self.call);
        }
        if let Some(trace) = &self.trace {
            trace.end(&self.call, dropped.then_some(End::Dropped));
        }
    }
}
