//! A fault that strikes one call: what it does, and its line in the log.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::Instant;
use wasmtime_wasi_http::WasiBody;

use super::bodies::{Altered, Cut, Held, Paced};
use super::fault::{Fault, Kind};
use super::hop::Hop;
use crate::bindings::{Answer, images};
use crate::body;
use crate::record::RequestRecord;
use crate::trace::CallTrace;

/// What an answer that was made up says of itself.
const MADE_UP: &str = "a fault that was asked for";

/// One fault and the one call that it strikes.
pub(super) struct Strike {
    kind: Kind,
    note: Note,
    /// Asked for when the call begins, so that an end in the meantime is not missed.
    ending: watch::Receiver<()>,
}

/// The line that a strike is worth.
pub(super) struct Note {
    record: Arc<RequestRecord>,
    trace: Option<CallTrace>,
    fault: String,
    call: String,
}

impl Strike {
    /// A fault that strikes a call, made for the request of `record`.
    pub(super) fn new(
        fault: &Fault,
        record: &Arc<RequestRecord>,
        hop: &Hop,
        call: &http::Request<WasiBody>,
    ) -> Self {
        Self {
            kind: fault.kind,
            note: Note {
                record: record.clone(),
                trace: call.extensions().get::<CallTrace>().cloned(),
                fault: fault.to_string(),
                call: format!("{} {}", hop.name, call.uri().path()),
            },
            ending: record.ending(),
        }
    }
}

impl Note {
    /// It has struck.
    pub(super) fn struck(&self) {
        if let Some(trace) = &self.trace {
            trace.struck(&self.fault);
        }
        self.record
            .note(format_args!("FAULT {} struck {}", self.fault, self.call));
    }

    /// The answer was over before it could.
    pub(super) fn missed(&self, bytes: u64) {
        self.record.note(format_args!(
            "FAULT {} missed {}: only {bytes} bytes of its answer passed",
            self.fault, self.call
        ));
    }
}

/// Makes a call to which all of `strikes` happen, in their order.
pub(super) async fn suffer<F: Future<Output = Answer>>(
    mut request: http::Request<WasiBody>,
    next: impl FnOnce(http::Request<WasiBody>) -> F,
    hop: Hop,
    strikes: Vec<Strike>,
) -> Answer {
    let mut later = Vec::new();
    for mut strike in strikes {
        match strike.kind {
            Kind::Truncate(_) | Kind::Corrupt(_) => {}
            _ => strike.note.struck(),
        }
        match strike.kind {
            Kind::Delay(time) => tokio::time::sleep_until(Instant::now() + time).await,
            Kind::SlowReader(pace) => {
                request = request.map(|body| Paced::new(body, pace).boxed_unsync());
            }
            Kind::Reset => return hop.broken(),
            // The request stays as it is, neither taken nor refused, until its caller gives up, or the client who is waited
            // for has gone: a worker that waits for ever would keep its instance.
            Kind::Hang => {
                // The record, which would send it, is alive as long as the note.
                let _ = strike.ending.changed().await;
                return hop.broken();
            }
            Kind::Error(code) => return Ok(images::failed(code, MADE_UP)),
            Kind::Status(status) => return Ok(bare(status)),
            Kind::Crash => return crash(request, next, &hop).await,
            Kind::SlowWriter(_) | Kind::Truncate(_) | Kind::Corrupt(_) => later.push(strike),
        }
    }
    let mut response = next(request).await?;
    for strike in later {
        response = strike.alter(response);
    }
    Ok(response)
}

impl Strike {
    fn alter(self, response: Response<WasiBody>) -> Response<WasiBody> {
        let note = self.note;
        match self.kind {
            Kind::SlowWriter(pace) => response.map(|body| Paced::new(body, pace).boxed_unsync()),
            Kind::Truncate(bytes) => {
                let (parts, body) = response.into_parts();
                let body = Cut::new(body, bytes, &parts.headers, note).boxed_unsync();
                Response::from_parts(parts, body)
            }
            Kind::Corrupt(at) => response.map(|body| Altered::new(body, at, note).boxed_unsync()),
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
    request: http::Request<WasiBody>,
    next: impl FnOnce(http::Request<WasiBody>) -> F,
    hop: &Hop,
) -> Answer {
    // A service that has not got the whole upload cannot have answered by the time it is dead.
    let mut begun = std::pin::pin!(next(request.map(|body| Held(body).boxed_unsync())));
    let mut crash = std::pin::pin!(hop.crash());
    let answer = tokio::select! {
        biased;
        answer = &mut begun => {
            crash.await;
            answer
        }
        // A call that was refused a connection would go to the next process, and its upload never comes there either.
        () = &mut crash => return hop.broken(),
    };
    match answer {
        // It does not wait for uploads; then its answer is lost on the way.
        Ok(response) if response.status().is_success() => hop.broken(),
        other => other,
    }
}

/// An answer that is little more than its status.
fn bare(status: StatusCode) -> Response<WasiBody> {
    let bodiless = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    let mut response = Response::new(body::full(if bodiless { "" } else { MADE_UP }));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
