//! Answers without a file.

use http::header::LOCATION;
use http::{Response, StatusCode};
use safelight_hop::{Body, body};
use safelight_net::header::set;

pub(super) fn redirect(path: &str, query: Option<&str>) -> Response<Body> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = empty(StatusCode::TEMPORARY_REDIRECT);
    set(&mut response, LOCATION, &format!("{path}{query}"));
    response
}

pub(super) fn server_error(what: &str) -> Response<Body> {
    body::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{what}\n"))
}

pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = status;
    response
}
