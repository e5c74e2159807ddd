//! The request that a worker answers.

use http::{HeaderMap, Method, Uri, header::CONTENT_LENGTH, uri};
use wasip3::http::types::{self, ErrorCode};

use crate::{
    Body,
    body::{Incoming, Message},
};

/// A request: method, absolute URL, headers, and a [`Body`] that has not been read yet.
pub type Request = http::Request<Body>;

/// Converts the host's request. The body stays with the host until it is read.
pub(crate) fn from_wasi(raw: types::Request) -> Result<Request, ErrorCode> {
    let mut request = http::Request::new(Body::empty());
    *request.method_mut() =
        Method::try_from(raw.get_method()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    *request.uri_mut() = uri_of(&raw).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    *request.headers_mut() = HeaderMap::try_from(raw.get_headers())?;
    let length = content_length(request.headers());
    *request.body_mut() = Incoming::new(Message::Request(raw), length).into();
    Ok(request)
}

fn uri_of(raw: &types::Request) -> Result<Uri, http::Error> {
    let mut parts = uri::Parts::default();
    if let Some(authority) = raw.get_authority() {
        parts.authority = Some(authority.parse::<uri::Authority>()?);
        parts.scheme = Some(match raw.get_scheme() {
            Some(scheme) => scheme.try_into()?,
            None => uri::Scheme::HTTP,
        });
    }
    let path = raw.get_path_with_query();
    parts.path_and_query = Some(
        path.as_deref()
            .unwrap_or("/")
            .parse::<uri::PathAndQuery>()?,
    );
    Ok(Uri::from_parts(parts)?)
}

/// The length of the body, as its headers declare it.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
