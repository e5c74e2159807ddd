//! One fault applied to one call.

use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::bodies::{CorruptBody, SlowBody, StalledBody, TruncatedBody};
use super::note::FaultNote;
use crate::body::{self, Answer, Body};
use crate::call::Call;
use crate::faults::{Fault, FaultKind, Hop};
use crate::head::is_bodiless;

/// The body of an answer that a fault makes.
const FAULT_TEXT: &str = "a fault that was asked for";

/// Marks the request of a call whose pixel process is to be killed. The client of the images process tells it so.
#[derive(Clone, Copy, Debug)]
pub struct CrashPixels;

/// One fault and the call that it is applied to.
pub(super) struct Injection {
    kind: FaultKind,
    note: FaultNote,
    /// Subscribed when the call begins, so that an end in the meantime is not missed.
    ended: watch::Receiver<()>,
}

impl Injection {
    /// Prepares a fault for a call of this hop.
    pub(super) fn new(fault: &Fault, hop: &Hop, call: &Call) -> Self {
        Self {
            kind: fault.kind,
            note: FaultNote::new(fault, hop, call),
            ended: call.context.request.ended(),
        }
    }
}

/// Makes a call to which all of `injections` are applied, in their order.
pub(super) async fn inject_all<F: Future<Output = Answer>>(
    mut call: Call,
    next: impl FnOnce(Call) -> F,
    hop: Hop,
    injections: Vec<Injection>,
) -> Answer {
    let mut response_faults = Vec::new();
    for mut injection in injections {
        match injection.kind {
            // Their bodies report that they were applied, or missed.
            FaultKind::Truncate(_) | FaultKind::Corrupt(_) => {}
            FaultKind::Delay(_)
            | FaultKind::SlowReader(_)
            | FaultKind::SlowWriter(_)
            | FaultKind::Reset
            | FaultKind::Hang
            | FaultKind::Error(_)
            | FaultKind::Status(_)
            | FaultKind::Crash
            | FaultKind::CrashPixels => injection.note.report_applied(),
        }
        match injection.kind {
            FaultKind::Delay(time) => tokio::time::sleep_until(Instant::now() + time).await,
            FaultKind::SlowReader(pace) => {
                call = call.map_body(|body| SlowBody::new(body, pace).boxed_unsync());
            }
            FaultKind::Reset => return hop.reset(),
            // The call hangs until its caller drops it or the client's response ends. Without that end, a waiting worker would
            // keep its instance for ever.
            FaultKind::Hang => {
                // The sender cannot be dropped meanwhile, because the note keeps the request alive.
                let _ = injection.ended.changed().await;
                return hop.reset();
            }
            // No other hop is a target of such a fault.
            FaultKind::Error(code) => {
                if let Some(images) = &hop.images {
                    return (images.error)(code);
                }
            }
            FaultKind::Status(status) => return Ok(status_response(status)),
            FaultKind::Crash => return crash(call, next, &hop).await,
            FaultKind::CrashPixels => {
                call.request.extensions_mut().insert(CrashPixels);
            }
            FaultKind::SlowWriter(_) | FaultKind::Truncate(_) | FaultKind::Corrupt(_) => {
                response_faults.push(injection)
            }
        }
    }
    let mut response = next(call).await?;
    for injection in response_faults {
        response = injection.alter(response);
    }
    Ok(response)
}

impl Injection {
    fn alter(self, response: Response<Body>) -> Response<Body> {
        let note = self.note;
        match self.kind {
            FaultKind::SlowWriter(pace) => {
                response.map(|body| SlowBody::new(body, pace).boxed_unsync())
            }
            FaultKind::Truncate(bytes) => {
                let (parts, body) = response.into_parts();
                let body = TruncatedBody::new(body, bytes, &parts.headers, note).boxed_unsync();
                Response::from_parts(parts, body)
            }
            FaultKind::Corrupt(at) => {
                response.map(|body| CorruptBody::new(body, at, note).boxed_unsync())
            }
            FaultKind::Delay(_)
            | FaultKind::SlowReader(_)
            | FaultKind::Reset
            | FaultKind::Hang
            | FaultKind::Error(_)
            | FaultKind::Status(_)
            | FaultKind::Crash
            | FaultKind::CrashPixels => response,
        }
    }
}

/// Lets the service begin the call, kills it, and returns the caller's outcome.
async fn crash<F: Future<Output = Answer>>(
    call: Call,
    next: impl FnOnce(Call) -> F,
    hop: &Hop,
) -> Answer {
    // A service that has not received the whole upload cannot answer before it is killed.
    let mut begun = std::pin::pin!(next(call.map_body(|body| StalledBody(body).boxed_unsync())));
    let mut crash = std::pin::pin!(hop.kill());
    let answer = tokio::select! {
        biased;
        answer = &mut begun => {
            crash.await;
            answer
        }
        // A call whose connection is refused would go to the next process and wait there for the same stalled upload.
        () = &mut crash => return hop.reset(),
    };
    match answer {
        // The service answered without the upload. The fault discards this answer.
        Ok(response) if response.status().is_success() => hop.reset(),
        other => other,
    }
}

/// Makes an answer with a status and a short text.
fn status_response(status: StatusCode) -> Response<Body> {
    let is_empty = is_bodiless(&Method::GET, status) || status == StatusCode::RESET_CONTENT;
    body::text(status, if is_empty { "" } else { FAULT_TEXT })
}
