//! Gets a picture from a worker or from another host.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::header::LOCATION;
use http::{Extensions, HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use safelight_outgoing::{Client, Limits, OutgoingError, Request};
use tower::{ServiceExt, service_fn};
use wasmtime_wasi_http::{Error, WasiBody};

use super::failure::{Code, Failure, in_source, of_status};
use crate::bindings::{BindingService, CallContext, layered};
use crate::body;
use crate::call_log::SUMMARY_HEADER;
use crate::faults::{FaultSet, Hop, HopFaults};
use crate::record::RequestRecord;
use crate::worker::Worker;

/// The name of the hop to a source.
pub const SOURCE_HOP: &str = "image-source";
/// What a request for a source says of itself, so that nobody transforms twice.
pub const VIA: &str = "image-resizing";
/// Bytes of a source.
const SOURCE_BYTES: u64 = 100_000_000;
/// Redirects that are followed.
const REDIRECTS: u8 = 5;

/// The ways to sources.
#[derive(Clone)]
pub struct Sources {
    worker: Option<BindingService>,
    hosts: BindingService,
}

/// A source's answer, and how long its head took.
pub struct Fetched {
    /// A success.
    pub response: http::Response<WasiBody>,
    /// Until its head was there.
    pub time: Duration,
}

/// Why a request to a host has no answer, or only a part of one.
#[derive(Clone, Default)]
struct Outcome(Arc<OnceLock<OutgoingError>>);

impl Sources {
    /// Sources on other hosts, as far as the client reaches; these faults may happen on the way.
    pub fn on_hosts(client: Client, faults: Arc<FaultSet>) -> Self {
        let service = service_fn(move |request| ask_host(client.clone(), request));
        Self {
            worker: None,
            hosts: layered(service, HopFaults::new(Hop::source(), faults)),
        }
    }

    /// The same, and those that the worker itself serves.
    pub fn and_of_worker(self, worker: Arc<Worker>, faults: Arc<FaultSet>) -> Self {
        let service = service_fn(move |request| ask_worker(worker.clone(), request));
        Self {
            worker: Some(layered(service, HopFaults::new(Hop::source(), faults))),
            ..self
        }
    }

    /// Gets what the worker answers for a URL of its own, following redirects wherever they lead.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn of_worker(
        &self,
        mut url: Uri,
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let Some(worker) = &self.worker else {
            return Err(Failure::internal("there is no worker to ask"));
        };
        for _ in 0..=REDIRECTS {
            let answer = ask(worker, url.clone(), headers, record).await?;
            if !is_redirect(answer.status()) {
                return successful(answer, started);
            }
            let next = redirected(&url, answer.headers())?;
            if next.authority() != url.authority() {
                return self.of_host(&next.to_string(), headers, record).await;
            }
            url = next;
        }
        let text = in_source(&format!("more than {REDIRECTS} redirects"));
        Err(Failure::new(Code::TooManyRedirects, text))
    }

    /// Gets what another host answers.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn of_host(
        &self,
        url: &str,
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let url = url.parse::<Uri>().map_err(|error| bad_url(&error))?;
        let answer = ask(&self.hosts, url, headers, record).await?;
        if let Some(outcome) = answer.extensions().get::<Outcome>()
            && let Some(error) = outcome.0.get()
        {
            return Err(Failure::from(error));
        }
        successful(answer, started)
    }
}

fn bad_url(error: &dyn std::error::Error) -> Failure {
    Failure::new(Code::BadUrl, in_source(&error.to_string()))
}

async fn ask(
    service: &BindingService,
    url: Uri,
    headers: &HeaderMap,
    record: &Arc<RequestRecord>,
) -> Result<http::Response<WasiBody>, Failure> {
    let mut request = http::Request::new(body::full(""));
    *request.uri_mut() = url;
    *request.headers_mut() = headers.clone();
    request.extensions_mut().insert(CallContext {
        hop: SOURCE_HOP.into(),
        record: record.clone(),
    });
    let answer = service.clone().oneshot(request).await;
    answer.map_err(|error| Failure::of_hop(SOURCE_HOP, &error))
}

fn successful(response: http::Response<WasiBody>, started: Instant) -> Result<Fetched, Failure> {
    if !response.status().is_success() {
        return Err(of_status(response.status()));
    }
    if super::answer::content_length(response.headers()).is_some_and(|bytes| bytes > SOURCE_BYTES) {
        return Err(Failure::from(&OutgoingError::TooLarge(SOURCE_BYTES)));
    }
    Ok(Fetched {
        response,
        time: started.elapsed(),
    })
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirected(from: &Uri, headers: &HeaderMap) -> Result<Uri, Failure> {
    let invalid = |why: &str| Failure::new(Code::BadRedirect, in_source(why));
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| invalid("a redirect without a target"))?;
    let base = url::Url::parse(&from.to_string()).map_err(|error| invalid(&error.to_string()))?;
    let mut target = base
        .join(location)
        .map_err(|error| invalid(&error.to_string()))?;
    target.set_fragment(None);
    target
        .as_str()
        .parse()
        .map_err(|_| invalid("a redirect to what is not a URL"))
}

/// The error for a part of a form that broke off.
pub fn broke_off(extensions: &Extensions, part: usize, why: &str) -> Failure {
    let known = extensions
        .get::<Outcome>()
        .and_then(|outcome| outcome.0.get());
    match (known, part) {
        (Some(error @ (OutgoingError::TooLarge(_) | OutgoingError::Timeout(_))), 0) => {
            Failure::from(error)
        }
        (_, 0) => Failure::new(Code::BrokeOff, in_source(why)),
        (_, overlay) => {
            let text = in_source(&format!("overlay {overlay}: {why}"));
            Failure::new(Code::Overlay(StatusCode::BAD_GATEWAY), text)
        }
    }
}

async fn ask_host(
    client: Client,
    request: http::Request<WasiBody>,
) -> Result<http::Response<WasiBody>, Error> {
    let (head, _) = request.into_parts();
    let outcome = Outcome::default();
    let wanted = Request::get(head.uri.to_string()).with_headers(head.headers);
    let limits = Limits {
        redirects: REDIRECTS,
        ..Limits::of_bytes(SOURCE_BYTES)
    };
    let mut response = match client.get(wanted, &limits).await {
        Ok(answer) => {
            let outcome = outcome.clone();
            let body = answer.body.map_err(move |error| {
                let text = error.to_string();
                let _ = outcome.0.set(error);
                Error::InternalError(Some(text))
            });
            let mut response = http::Response::new(body.boxed_unsync());
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        Err(error) => {
            let mut response = http::Response::new(body::full(""));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            if let Ok(text) = error.to_string().try_into() {
                response.headers_mut().insert(SUMMARY_HEADER, text);
            }
            let _ = outcome.0.set(error);
            response
        }
    };
    response.extensions_mut().insert(outcome);
    Ok(response)
}

async fn ask_worker(
    worker: Arc<Worker>,
    request: http::Request<WasiBody>,
) -> Result<http::Response<WasiBody>, Error> {
    let Some(context) = request.extensions().get::<CallContext>() else {
        return Err(Error::InternalError(Some("a request of nobody".into())));
    };
    let record = context.record.clone();
    let answer = worker.answer(request, &record).await;
    Ok(answer.unwrap_or_else(|failure| {
        if !failure.is_logged(&record) {
            record.note(failure.text(&record));
        }
        failure.answer(&record)
    }))
}
