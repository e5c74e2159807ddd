//! Error answers of the Images binding that do not come from the images process, in the form of its wire.

use http::HeaderValue;
use safelight_hop::{Body, body};
use safelight_protocol::headers::SUMMARY;
use safelight_protocol::{ErrorCode, error};

/// The answer for a connection that ended before an answer.
pub(crate) fn ended_early(why: &str) -> http::Response<Body> {
    failed(ErrorCode::Internal, &ended_early_text(why))
}

/// The text of that answer.
pub(crate) fn ended_early_text(why: &str) -> String {
    format!("the images process ended the connection before it answered: {why}")
}

/// An answer with an error code.
pub(crate) fn failed(code: ErrorCode, message: &str) -> http::Response<Body> {
    let mut response = body::text(code.status(), error::body_text(code, message));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(error::header_value(code)) {
        headers.insert(error::ERROR_HEADER, value);
    }
    // The log's line of the call shows the summary.
    if let Ok(value) = HeaderValue::try_from(format!("{}: {message}", code.number())) {
        headers.insert(SUMMARY, value);
    }
    response
}
