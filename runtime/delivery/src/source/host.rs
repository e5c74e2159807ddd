//! Sources on other hosts, fetched by the client that checks every address.

use std::sync::{Arc, OnceLock};

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, StatusCode};
use http_body_util::BodyExt;
use safelight_hop::{Answer, Body, HopError, body};
use safelight_outgoing::{Client, Limits, OutgoingError, Request};
use safelight_protocol::headers::SUMMARY;

use crate::error::{DeliveryError, ErrorKind, with_source_hop};

/// The headers that `origin-auth: share-publicly` passes to the origin. A redirect to another origin drops them.
pub static CREDENTIALS: [HeaderName; 9] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("x-amz-content-sha256"),
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-ms-date"),
    HeaderName::from_static("x-ms-version"),
    HeaderName::from_static("x-sa-date"),
    HeaderName::from_static("cf-access-client-id"),
    HeaderName::from_static("cf-access-client-secret"),
];

/// The error that ended a request to a host, or the body of its response. It is empty until then, and for a source of the
/// worker.
#[derive(Clone, Default)]
pub struct FetchError(Arc<OnceLock<OutgoingError>>);

impl FetchError {
    /// The error, if there was one.
    pub(super) fn get(&self) -> Option<&OutgoingError> {
        self.0.get()
    }
}

/// The error for a form part that was cut off. `source` is the error of the source's host.
pub fn broken_part_error(source: &FetchError, part: usize, why: &str) -> DeliveryError {
    match (source.get(), part) {
        (Some(error @ (OutgoingError::TooLarge(_) | OutgoingError::Timeout(_))), 0) => {
            DeliveryError::from(error)
        }
        (_, 0) => DeliveryError::new(ErrorKind::SourceCutOff, with_source_hop(why)),
        (_, overlay) => {
            let text = with_source_hop(&format!("overlay {overlay}: {why}"));
            DeliveryError::new(ErrorKind::Overlay(StatusCode::BAD_GATEWAY), text)
        }
    }
}

/// Sends a request to the host in its URI. An error is passed to `fetch_error`.
pub(super) async fn fetch_host(
    client: Client,
    limits: Limits,
    fetch_error: FetchError,
    request: http::Request<Body>,
) -> Answer {
    let (head, _) = request.into_parts();
    let request = Request::get(head.uri.to_string())
        .with_headers(head.headers)
        .with_private(&CREDENTIALS);
    match client.get(request, &limits).await {
        Ok(answer) => {
            let body = answer.body.map_err(move |error| {
                let text = error.to_string();
                let _ = fetch_error.0.set(error);
                HopError::Service(text)
            });
            let mut response = http::Response::new(body.boxed_unsync());
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        }
        Err(error) => {
            let mut response = http::Response::new(body::full(""));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            if let Ok(text) = error.to_string().try_into() {
                response.headers_mut().insert(SUMMARY, text);
            }
            let _ = fetch_error.0.set(error);
            Ok(response)
        }
    }
}
