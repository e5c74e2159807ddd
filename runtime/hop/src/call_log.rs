//! The layer that records every call: its bytes in both directions, its answer and its outcome.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::{HeaderValue, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::BodyExt;
use safelight_protocol::headers::SUMMARY;

use crate::body::{self, Answer, BodyObserver, ObservedBody};
use crate::call::{Call, CallContext};
use crate::error::HopError;
use crate::log::{Bytes, Time};
use crate::request::RequestContext;
use crate::trace::CallEnd;

/// Makes a call, and logs it when it has ended.
pub async fn log<F: Future<Output = Answer>>(call: Call, next: impl FnOnce(Call) -> F) -> Answer {
    let mut guard = CallGuard::new(&call);
    let between_bytes = call.between_bytes;
    let upload = UploadObserver {
        upload: guard.upload.clone(),
        request: call.context.request.clone(),
    };
    let call = call.map_body(|body| ObservedBody::new(body, upload).boxed_unsync());
    let response = match next(call).await {
        Ok(response) => response,
        Err(mut error) => {
            guard.end(Err(&mut error));
            return Err(error);
        }
    };
    guard.status = Some(response.status());
    guard.expected = response.body().size_hint().exact();
    guard.summary = response.headers().get(SUMMARY).cloned();
    guard.context.record.head(&response, guard.expected);
    Ok(response.map(|body| {
        let body = body::within_pauses(body, between_bytes);
        ObservedBody::new(body, guard).boxed_unsync()
    }))
}

/// The bytes that a call has sent.
#[derive(Default)]
struct Upload {
    bytes: AtomicU64,
    /// The error of the upload, if it broke off. The service did not cause it.
    broken: OnceLock<String>,
}

/// Counts an upload while the service takes it.
struct UploadObserver {
    upload: Arc<Upload>,
    request: Arc<RequestContext>,
}

impl BodyObserver for UploadObserver {
    fn data(&mut self, bytes: u64) {
        self.upload.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        let Err(error) = result else { return };
        if let HopError::Length(promised) = *error {
            // An earlier failure may have left the worker without the rest of this upload. It may also concern another body.
            *error = HopError::UploadLength {
                promised,
                before: self.request.failures().first(),
            };
        }
        let _ = self.upload.broken.set(error.to_string());
    }
}

/// A call that is not logged yet. Dropping the guard logs the call, so that every outcome is logged.
struct CallGuard {
    context: CallContext,
    uri: Uri,
    started: Instant,
    upload: Arc<Upload>,
    status: Option<StatusCode>,
    /// The service's own summary of its work, which is one line.
    summary: Option<HeaderValue>,
    expected: Option<u64>,
    received: u64,
    failure: Option<String>,
    ended: bool,
}

impl CallGuard {
    fn new(call: &Call) -> Self {
        Self {
            context: call.context.clone(),
            uri: call.request.uri().clone(),
            started: Instant::now(),
            upload: Arc::default(),
            status: None,
            summary: None,
            expected: None,
            received: 0,
            failure: None,
            ended: false,
        }
    }

    /// The text for a call that was dropped before its end.
    fn dropped(&self) -> String {
        match self.status {
            // The caller may need no more than the status of a failed answer. It is not always a worker.
            Some(status) if !status.is_success() => {
                format!("the answer is {status} and was not read to its end")
            }
            Some(_) | None => "the worker dropped the call before its end".into(),
        }
    }
}

impl BodyObserver for CallGuard {
    fn data(&mut self, bytes: u64) {
        self.received += bytes;
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        self.ended = true;
        let Err(error) = result else { return };
        self.failure = Some(error.to_string());
        if self.status.is_some() {
            self.context.request.failures().answer_broke(error);
        }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        // A reader that knows the length stops there and does not poll for the end.
        let is_whole = self.ended || self.expected == Some(self.received);
        if !is_whole {
            self.failure = Some(self.dropped());
        }
        if let Some(failure) = &mut self.failure
            && let Some(why) = self.upload.broken.get()
        {
            // The upload's failure precedes every other failure of the call.
            *failure = match self.status {
                Some(_) => format!("the upload broke off ({why}); {failure}"),
                None => format!("the upload broke off: {why}"),
            };
        }
        // The end wakes whoever shows the trace, in which the call's own line comes first.
        self.context.request.note(&*self);
        self.context.record.end(&CallEnd {
            sent: self.upload.bytes.load(Ordering::Relaxed),
            received: self.received,
            failure: self.failure.as_deref(),
            is_dropped: !is_whole,
        });
    }
}

/// Shows a call as its line in the log, with whole texts.
impl fmt::Display for CallGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.context.hop, self.uri.path())?;
        if let Some(status) = self.status {
            write!(f, " {}", status.as_u16())?;
        }
        if let Some(Ok(summary)) = self.summary.as_ref().map(HeaderValue::to_str) {
            write!(f, " {summary}")?;
        }
        write!(
            f,
            " ({} in, {} out) in {}",
            Bytes(self.upload.bytes.load(Ordering::Relaxed)),
            Bytes(self.received),
            Time(self.started.elapsed())
        )?;
        match &self.failure {
            Some(failure) => write!(f, " FAILED: {failure}"),
            None => Ok(()),
        }
    }
}
