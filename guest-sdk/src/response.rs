//! The response of a worker, or of its `fetch`.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use wasip3::http::types::{self, ErrorCode};

use crate::{
    Body, Error, Result,
    body::{Incoming, Message, Outgoing},
    headers,
    request::content_length,
};

/// A response: status, headers and a [`Body`].
///
/// `Response::new(body)` is a 200; others are made by `http::Response::builder()`. `content-length` is set by
/// the SDK whenever the length of the body is known.
pub type Response = http::Response<Body>;

/// A response of plain text.
#[must_use]
pub fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let mut response = Response::new(Body::from(text.into()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// Hands a response to the host. Its body is sent afterwards.
pub(crate) fn into_wasi(response: Response) -> Result<types::Response> {
    let (mut parts, body) = response.into_parts();
    if may_have_length(parts.status) {
        headers::declare_length(&mut parts.headers, &body)?;
    }
    let fields = headers::into_wasi(&parts.headers)?;
    let Outgoing {
        contents,
        trailers,
        failure: _,
    } = Outgoing::start(body);
    let (raw, _sent) = types::Response::new(fields, contents, trailers);
    raw.set_status_code(parts.status.as_u16())
        .map_err(|()| Error::Unsendable(format!("status {} cannot be sent", parts.status)))?;
    Ok(raw)
}

/// Converts the host's answer to a request of this method. The body stays with the host until it is read.
pub(crate) fn from_wasi(raw: types::Response, method: &Method) -> Result<Response, ErrorCode> {
    let status =
        StatusCode::from_u16(raw.get_status_code()).map_err(|_| ErrorCode::HttpProtocolError)?;
    let headers = HeaderMap::try_from(raw.get_headers())?;
    // The `content-length` of these answers describes a body that is not sent.
    let body = if method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        Body::empty()
    } else {
        Incoming::new(Message::Response(raw), content_length(&headers)).into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Returns whether an answer of this status may declare a length. Answers that never have a body must not (RFC 9110,
/// section 8.6); with 304 the length would be that of another answer.
fn may_have_length(status: StatusCode) -> bool {
    !(status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED)
}
