//! What can fail while a request is served, and the answer that its client gets.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::body;
use crate::faults::header::BadHeader;
use crate::instance::{Cause, Death};
use crate::record::RequestRecord;

/// An error and what caused it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The text of an engine's error, without its wrapping.
pub fn inner(error: &Error) -> String {
    match error {
        Error::InternalError(Some(text)) => text.clone(),
        Error::Hyper(error) => chain(error),
        // The engine's own words speak of a limit, also where a body is too short.
        Error::HttpRequestBodySize(Some(bytes)) | Error::HttpResponseBodySize(Some(bytes)) => {
            format!("its head promised another length than {bytes} bytes")
        }
        Error::HttpRequestBodySize(None) | Error::HttpResponseBodySize(None) => {
            "its head promised another length".into()
        }
        other => other.to_string(),
    }
}

/// Marks an answer that comes from the runtime and not from the worker.
pub const ERROR_HEADER: &str = "safelight-error";

/// Why there is no answer of the worker.
#[derive(Debug)]
pub enum Failure {
    /// The request cannot be handed to a worker.
    BadRequest(&'static str),
    /// The request asks for a fault that cannot be.
    BadFault(BadHeader),
    /// The path is one that safelight keeps for itself, and does not serve.
    NotServed(String),
    /// Pictures by URL are turned off.
    ImageUrlsOff,
    /// The path shows what other clients did, and this client is on another machine.
    NotLocal,
    /// The method is not this one, the only one that the path has.
    BadMethod(&'static str),
    /// Nothing is known of what was asked for.
    NotKept(String),
    /// The worker's `fetch` returned an error.
    Returned(String),
    /// The worker ended without an answer.
    NoAnswer(String),
    /// No instance could be made.
    Instantiation(String),
    /// The instance died; of this request or of another one in it.
    Died(Arc<Death>),
    /// The worker took too long after its client had gone.
    Expired,
}

impl Failure {
    /// The status of the answer, and the word for the header that marks it.
    fn class(&self, record: &RequestRecord) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) | Self::BadFault(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::NotServed(_) => (StatusCode::NOT_FOUND, "not-served"),
            Self::ImageUrlsOff => (StatusCode::NOT_FOUND, "not-served"),
            Self::NotLocal => (StatusCode::FORBIDDEN, "not-local"),
            Self::BadMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "bad-method"),
            Self::NotKept(_) => (StatusCode::NOT_FOUND, "not-kept"),
            Self::Returned(_) => (StatusCode::INTERNAL_SERVER_ERROR, "worker-error"),
            Self::NoAnswer(_) => (StatusCode::INTERNAL_SERVER_ERROR, "no-answer"),
            Self::Instantiation(_) => (StatusCode::INTERNAL_SERVER_ERROR, "instantiation"),
            Self::Expired => (StatusCode::GATEWAY_TIMEOUT, "expired"),
            Self::Died(death) if !death.is_of(record) => {
                (StatusCode::SERVICE_UNAVAILABLE, "bystander")
            }
            Self::Died(death) => match death.cause {
                Cause::Trap(_) => (StatusCode::INTERNAL_SERVER_ERROR, "trap"),
                Cause::Cpu(_) => (StatusCode::SERVICE_UNAVAILABLE, "cpu-limit"),
                Cause::Memory { .. } => (StatusCode::SERVICE_UNAVAILABLE, "memory-limit"),
                Cause::LeftOver => (StatusCode::SERVICE_UNAVAILABLE, "left-over"),
                Cause::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
            },
        }
    }

    /// The answer for the client of this request: plain text that says what happened.
    pub fn answer(&self, record: &RequestRecord) -> http::Response<WasiBody> {
        let (status, class) = self.class(record);
        let mut text = format!("{}\n", self.text(record));
        let printed = record.last_output();
        if matches!(self, Self::Died(_) | Self::NoAnswer(_)) && !printed.is_empty() {
            text.push_str("\nThe worker's last words for this request:\n");
            for line in printed {
                text.push_str(&format!("  {line}\n"));
            }
        }
        let mut response = http::Response::new(body::full(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(ERROR_HEADER, HeaderValue::from_static(class));
        if let Self::BadMethod(allowed) = self {
            headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }

    /// Whether the log of this request says already what happened.
    pub fn is_logged(&self, record: &RequestRecord) -> bool {
        matches!(self, Self::Died(death) if death.is_of(record))
    }

    /// What happened, on one line.
    pub fn text(&self, record: &RequestRecord) -> String {
        match self {
            Self::BadRequest(what) => format!("bad request: {what}"),
            Self::BadFault(what) => format!("bad request: {what}"),
            Self::NotServed(path) => format!("{path} is not served by safelight yet"),
            Self::ImageUrlsOff => "/cdn-cgi/image/ is off, as this worker has no Images binding; safelight.image_urls = true turns it on".into(),
            Self::NotLocal => {
                "traces are shown on this machine only, by its loopback address".into()
            }
            Self::BadMethod(allowed) => format!("the method must be {allowed}"),
            Self::NotKept(what) => what.clone(),
            Self::Returned(text) => format!("the worker returned an error: {text}"),
            Self::NoAnswer(text) => format!("the worker ended without an answer: {text}"),
            Self::Instantiation(text) => format!("the worker could not be started: {text}"),
            Self::Expired => "the worker took too long".into(),
            Self::Died(death) if death.is_of(record) => format!("the worker {}", death.cause),
            Self::Died(death) => match &death.culprit {
                Some(culprit) => format!(
                    "this request shared its instance with {culprit}, for which the worker {}; try it again",
                    death.cause
                ),
                None => format!("the worker {}, on behalf of no known request", death.cause),
            },
        }
    }
}

impl Death {
    /// Whether it was this request that the instance died of.
    fn is_of(&self, record: &RequestRecord) -> bool {
        self.culprit
            .as_ref()
            .is_some_and(|culprit| culprit.id() == record.id())
    }
}

/// Shows a cause as the rest of a sentence that begins with "the worker".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(words) => write!(f, "panicked or trapped ({words})"),
            Self::Cpu(limit) => write!(
                f,
                "used more than its CPU limit of {} ms for one request (limits.cpu_ms)",
                limit.as_millis()
            ),
            Self::Memory { wanted, limit } => write!(
                f,
                "asked for {wanted} bytes of memory, more than its limit of {limit}"
            ),
            Self::LeftOver => {
                f.write_str("was ended: its work had gone on while nobody waited for it")
            }
            Self::Stopped => f.write_str("was stopped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi_http::Error;

    use super::inner;

    #[test]
    fn a_body_of_another_length_is_not_called_too_long() {
        for error in [
            Error::HttpRequestBodySize(Some(791)),
            Error::HttpResponseBodySize(Some(791)),
        ] {
            let text = inner(&error);
            assert_eq!(text, "its head promised another length than 791 bytes");
        }
    }
}
