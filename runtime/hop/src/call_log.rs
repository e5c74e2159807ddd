//! The layer that records every call: its bytes in both directions, its answer and its outcome.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http_body::Body as _;
use http_body_util::BodyExt;

use crate::body::{self, Answer, BodyObserver, ObservedBody};
use crate::call::{Call, CallContext};
use crate::error::HopError;
use crate::request::RequestContext;
use crate::trace::CallRecord;

/// Makes a call, and logs it when it has ended.
pub async fn log<F: Future<Output = Answer>>(call: Call, next: impl FnOnce(Call) -> F) -> Answer {
    let mut guard = CallGuard(call.context.clone());
    let between_bytes = call.between_bytes;
    let upload = UploadObserver {
        record: call.context.record.clone(),
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
    let expected = response.body().size_hint().exact();
    guard.0.record.head(&response, expected);
    Ok(response.map(|body| {
        let body = body::within_pauses(body, between_bytes);
        ObservedBody::new(body, guard).boxed_unsync()
    }))
}

/// Records an upload while the service takes it.
struct UploadObserver {
    record: CallRecord,
    request: Arc<RequestContext>,
}

impl BodyObserver for UploadObserver {
    fn data(&mut self, bytes: u64) {
        self.record.sent(bytes);
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
        self.record.upload_broke(&error.to_string());
    }
}

/// A call that is not logged yet. Dropping the guard logs the call, so that every outcome is logged.
struct CallGuard(CallContext);

impl BodyObserver for CallGuard {
    fn data(&mut self, bytes: u64) {
        self.0.record.received(bytes);
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        let context = &self.0;
        let Err(error) = result else {
            return context.record.complete();
        };
        context.record.fail(&error.to_string());
        if context.record.is_answered() {
            context.request.failures().answer_broke(error);
        }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let context = &self.0;
        context.record.end(|line| context.request.note(line));
    }
}
