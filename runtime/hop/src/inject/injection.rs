//! One fault applied to one call: what it does, and its line in the log.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::bodies::{CorruptBody, SlowBody, StalledBody, TruncatedBody};
use crate::body::{self, Answer, Body};
use crate::call::Call;
use crate::faults::fault::{Fault, Kind};
use crate::faults::hop::Hop;
use crate::request::RequestContext;
use crate::trace::CallRecord;

/// The body of an answer with a status alone.
const REASON: &str = "a fault that was asked for";

/// One fault and the call that it is applied to.
pub(super) struct Injection {
    kind: Kind,
    note: FaultNote,
    /// Asked for when the call begins, so that an end in the meantime is not missed.
    ended: watch::Receiver<()>,
}

/// The line in the log of a fault.
pub(super) struct FaultNote {
    request: Arc<RequestContext>,
    record: CallRecord,
    fault: String,
    call: String,
}

impl Injection {
    /// A fault that is applied to a call of this hop.
    pub(super) fn new(fault: &Fault, hop: &Hop, call: &Call) -> Self {
        let context = &call.context;
        Self {
            kind: fault.kind,
            note: FaultNote {
                request: context.request.clone(),
                record: context.record.clone(),
                fault: fault.to_string(),
                call: format!("{} {}", hop.name, call.request.uri().path()),
            },
            ended: context.request.ended(),
        }
    }
}

impl FaultNote {
    /// The fault was applied.
    pub(super) fn report_applied(&self) {
        self.record.fault(&self.fault);
        self.request
            .note(format_args!("FAULT {} struck {}", self.fault, self.call));
    }

    /// The answer was over before the fault could be applied.
    pub(super) fn report_missed(&self, bytes: u64) {
        self.request.note(format_args!(
            "FAULT {} missed {}: only {bytes} bytes of its answer passed",
            self.fault, self.call
        ));
    }
}

/// Makes a call to which all of `injections` are applied, in their order.
pub(super) async fn inject_all<F: Future<Output = Answer>>(
    mut call: Call,
    next: impl FnOnce(Call) -> F,
    hop: Hop,
    injections: Vec<Injection>,
) -> Answer {
    let mut later = Vec::new();
    for mut injection in injections {
        match injection.kind {
            Kind::Truncate(_) | Kind::Corrupt(_) => {}
            _ => injection.note.report_applied(),
        }
        match injection.kind {
            Kind::Delay(time) => tokio::time::sleep_until(Instant::now() + time).await,
            Kind::SlowReader(pace) => {
                call = call.map_body(|body| SlowBody::new(body, pace).boxed_unsync());
            }
            Kind::Reset => return hop.reset(),
            // The call is neither taken nor refused until its caller gives up, or the client has left: a worker that waits
            // for ever would keep its instance.
            Kind::Hang => {
                // The request, which would send it, is alive as long as the note.
                let _ = injection.ended.changed().await;
                return hop.reset();
            }
            Kind::Error(code) => match &hop.images {
                Some(images) => return (images.error)(code),
                // Only hops of Images match such a fault.
                None => {}
            },
            Kind::Status(status) => return Ok(bare(status)),
            Kind::Crash => return crash(call, next, &hop).await,
            Kind::SlowWriter(_) | Kind::Truncate(_) | Kind::Corrupt(_) => later.push(injection),
        }
    }
    let mut response = next(call).await?;
    for injection in later {
        response = injection.alter(response);
    }
    Ok(response)
}

impl Injection {
    fn alter(self, response: Response<Body>) -> Response<Body> {
        let note = self.note;
        match self.kind {
            Kind::SlowWriter(pace) => response.map(|body| SlowBody::new(body, pace).boxed_unsync()),
            Kind::Truncate(bytes) => {
                let (parts, body) = response.into_parts();
                let body = TruncatedBody::new(body, bytes, &parts.headers, note).boxed_unsync();
                Response::from_parts(parts, body)
            }
            Kind::Corrupt(at) => {
                response.map(|body| CorruptBody::new(body, at, note).boxed_unsync())
            }
            Kind::Delay(_)
            | Kind::SlowReader(_)
            | Kind::Reset
            | Kind::Hang
            | Kind::Error(_)
            | Kind::Status(_)
            | Kind::Crash => response,
        }
    }
}

/// Has the service begin on the call, kills it, and returns what the caller gets of that.
async fn crash<F: Future<Output = Answer>>(
    call: Call,
    next: impl FnOnce(Call) -> F,
    hop: &Hop,
) -> Answer {
    // A service that has not got the whole upload cannot have answered by the time it is dead.
    let mut begun = std::pin::pin!(next(call.map_body(|body| StalledBody(body).boxed_unsync())));
    let mut crash = std::pin::pin!(hop.kill());
    let answer = tokio::select! {
        biased;
        answer = &mut begun => {
            crash.await;
            answer
        }
        // A call that was refused a connection would go to the next process, and its upload never comes there either.
        () = &mut crash => return hop.reset(),
    };
    match answer {
        // It does not wait for uploads; then its answer is lost on the way.
        Ok(response) if response.status().is_success() => hop.reset(),
        other => other,
    }
}

/// An answer that is little more than its status.
fn bare(status: StatusCode) -> Response<Body> {
    let bodiless = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    let mut response = Response::new(body::full(if bodiless { "" } else { REASON }));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
