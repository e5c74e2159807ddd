//! The response to a request that has no response of the worker: a status, a word for the cause, and a text.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use safelight_hop::capacity;
use safelight_hop::faults::header::FaultHeaderError;
use safelight_hop::{Body, RequestContext, body};
use safelight_protocol::headers::RUNTIME_ERROR;
use safelight_worker::death::{Cause, Death};
use safelight_worker::{WorkerError, WorkerErrorKind};

use super::access::{ForeignHost, Stranger};

/// The reason why a request has no response of the worker.
#[derive(Debug)]
pub enum Refusal {
    /// The request is malformed.
    BadRequest(&'static str),
    /// The request asks for a fault that cannot be applied.
    BadFault(FaultHeaderError),
    /// The path is one of the platform's, and is not served.
    NotServed(String),
    /// Pictures by URL are turned off.
    ImageUrlsOff,
    /// The request names a host that is none of this server's.
    ForeignHost(ForeignHost),
    /// The client may not steer the server.
    Stranger(Stranger),
    /// The path has only this method.
    BadMethod(&'static str),
    /// The requested trace is not kept.
    NotKept(String),
    /// The client is too slow while others wait for one of so many places.
    SlowClient(usize),
    /// The worker did not answer.
    Worker(WorkerError),
}

impl Refusal {
    /// The status of the response, and the word for its header.
    fn class(&self, context: &RequestContext) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) | Self::BadFault(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::NotServed(_) | Self::ImageUrlsOff => (StatusCode::NOT_FOUND, "not-served"),
            Self::ForeignHost(_) => (StatusCode::FORBIDDEN, "foreign-host"),
            Self::Stranger(stranger) => (StatusCode::FORBIDDEN, stranger.class()),
            Self::BadMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "bad-method"),
            Self::NotKept(_) => (StatusCode::NOT_FOUND, "not-kept"),
            Self::SlowClient(_) => (StatusCode::SERVICE_UNAVAILABLE, "slow-client"),
            Self::Worker(error) => class_of(&error.kind, context),
        }
    }

    /// The response for the client: plain text with the reason.
    pub fn to_response(&self, context: &RequestContext) -> http::Response<Body> {
        let (status, class) = self.class(context);
        let mut text = format!("{}\n", self.text(context));
        for (index, line) in self.output().iter().enumerate() {
            if index == 0 {
                text.push_str("\nThe worker's last output for this request:\n");
            }
            text.push_str(&format!("  {line}\n"));
        }
        let mut response = body::text(status, text);
        let headers = response.headers_mut();
        headers.insert(RUNTIME_ERROR, HeaderValue::from_static(class));
        if let Self::BadMethod(allowed) = self {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }

    /// Logs the reason, unless the log contains it already, and returns the response.
    pub fn report(&self, context: &RequestContext) -> http::Response<Body> {
        let is_logged = matches!(self, Self::Worker(error) if error.is_logged(context));
        if !is_logged {
            context.note(self.text(context));
        }
        self.to_response(context)
    }

    /// The reason, on one line.
    pub fn text(&self, context: &RequestContext) -> String {
        match self {
            Self::BadRequest(what) => format!("bad request: {what}"),
            Self::BadFault(what) => format!("bad request: {what}"),
            Self::NotServed(path) => format!("{path} is not served by safelight yet"),
            Self::ImageUrlsOff => "/cdn-cgi/image/ is off, as this worker has no Images binding; safelight.image_urls = true turns it on".into(),
            Self::ForeignHost(host) => host.to_string(),
            Self::Stranger(stranger) => stranger.to_string(),
            Self::BadMethod(allowed) => format!("the method must be {allowed}"),
            Self::NotKept(what) => what.clone(),
            Self::SlowClient(places) => format!(
                "the request gave way: {}",
                capacity::too_slow(*places, "places for requests of the worker")
            ),
            Self::Worker(error) => error.text(context),
        }
    }

    /// The worker's output that the response repeats: of a worker that died, or ended without a response.
    fn output(&self) -> &[String] {
        match self {
            Self::Worker(error) => match error.kind {
                WorkerErrorKind::Died(_) | WorkerErrorKind::NoAnswer(_) => &error.output,
                WorkerErrorKind::Returned(_)
                | WorkerErrorKind::NoFinalStatus(_)
                | WorkerErrorKind::Instantiation(_)
                | WorkerErrorKind::NoMemory(_)
                | WorkerErrorKind::Expired => &[],
            },
            Self::BadRequest(_)
            | Self::BadFault(_)
            | Self::NotServed(_)
            | Self::ImageUrlsOff
            | Self::ForeignHost(_)
            | Self::Stranger(_)
            | Self::BadMethod(_)
            | Self::NotKept(_)
            | Self::SlowClient(_) => &[],
        }
    }
}

fn class_of(kind: &WorkerErrorKind, context: &RequestContext) -> (StatusCode, &'static str) {
    match kind {
        WorkerErrorKind::Returned(_) | WorkerErrorKind::NoFinalStatus(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "worker-error")
        }
        WorkerErrorKind::NoAnswer(_) => (StatusCode::INTERNAL_SERVER_ERROR, "no-answer"),
        WorkerErrorKind::Instantiation(_) => (StatusCode::INTERNAL_SERVER_ERROR, "instantiation"),
        WorkerErrorKind::NoMemory(_) => (StatusCode::SERVICE_UNAVAILABLE, "memory-limit"),
        WorkerErrorKind::Expired => (StatusCode::GATEWAY_TIMEOUT, "expired"),
        WorkerErrorKind::Died(death) => class_of_death(death, context),
    }
}

fn class_of_death(death: &Death, context: &RequestContext) -> (StatusCode, &'static str) {
    if !death.is_caused_by(context) {
        return (StatusCode::SERVICE_UNAVAILABLE, "bystander");
    }
    match death.cause {
        Cause::Trap(_) => (StatusCode::INTERNAL_SERVER_ERROR, "trap"),
        Cause::Cpu(_) => (StatusCode::SERVICE_UNAVAILABLE, "cpu-limit"),
        Cause::Memory(_) => (StatusCode::SERVICE_UNAVAILABLE, "memory-limit"),
        Cause::BackgroundWork => (StatusCode::SERVICE_UNAVAILABLE, "left-over"),
        Cause::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
    }
}
