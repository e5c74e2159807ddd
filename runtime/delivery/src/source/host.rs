//! Another host as a source, which is asked by the client that checks every address.

use std::sync::{Arc, OnceLock};

use http::header::{AUTHORIZATION, COOKIE};
use http::{Extensions, HeaderName, StatusCode};
use http_body_util::BodyExt;
use safelight_config::{MAX_SOURCE_BYTES, SourceTime};
use safelight_hop::{Answer, Body, HopError, body};
use safelight_outgoing::{Client, Limits, OutgoingError, Request};
use safelight_protocol::headers::SUMMARY;

use super::MAX_REDIRECTS;
use crate::failure::{Code, Failure, in_source};

/// What `origin-auth: share-publicly` passes on, to the origin that the worker named and to none that it redirects to.
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

/// Why a request to a host has no answer, or only a part of one.
#[derive(Clone, Default)]
pub(super) struct FetchError(Arc<OnceLock<OutgoingError>>);

/// How many more redirects a host may answer with.
#[derive(Clone, Copy)]
pub(super) struct Redirects(pub(super) u8);

impl FetchError {
    /// What went wrong with an answer that came from a host, as far as it is known.
    pub(super) fn of(extensions: &Extensions) -> Option<&OutgoingError> {
        extensions.get::<Self>()?.0.get()
    }
}

/// The error for a part of a form that broke off.
pub fn broke_off(extensions: &Extensions, part: usize, why: &str) -> Failure {
    match (FetchError::of(extensions), part) {
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

pub(super) async fn ask_host(
    client: Client,
    time: SourceTime,
    request: http::Request<Body>,
) -> Answer {
    let (head, _) = request.into_parts();
    let fetch_error = FetchError::default();
    let wanted = Request::get(head.uri.to_string())
        .with_headers(head.headers)
        .with_private(&CREDENTIALS);
    let redirects = head
        .extensions
        .get()
        .map_or(MAX_REDIRECTS, |Redirects(left)| *left);
    let SourceTime { connect, total } = time;
    let limits = Limits {
        max_redirects: redirects,
        connect,
        total,
        ..Limits::new(MAX_SOURCE_BYTES)
    };
    let mut response = match client.get(wanted, &limits).await {
        Ok(answer) => {
            let fetch_error = fetch_error.clone();
            let body = answer.body.map_err(move |error| {
                let text = error.to_string();
                let _ = fetch_error.0.set(error);
                HopError::Service(text)
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
                response.headers_mut().insert(SUMMARY, text);
            }
            let _ = fetch_error.0.set(error);
            response
        }
    };
    response.extensions_mut().insert(fetch_error);
    Ok(response)
}
