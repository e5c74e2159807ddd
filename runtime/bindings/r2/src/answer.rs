//! Answers on the wire: JSON, followed by an object's bytes. An error is in a header.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use safelight_hop::body::{self, SizedBody};
use safelight_hop::{Body, HopError};
use safelight_protocol::digest;
use safelight_protocol::headers::{R2_ERROR, R2_JSON_APART, R2_METADATA_SIZE, SUMMARY};
use serde_json::json;

use super::blobs::reader::Reader;
use super::bucket::FoundObject;
use super::checksum;
use super::error::R2Error;
use super::object::{Include, Object};

/// An answer of JSON alone.
pub(super) fn json(json: String) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(R2_METADATA_SIZE, json.len().into());
    headers.insert(CONTENT_LENGTH, json.len().into());
    headers.insert(
        digest::REPR_DIGEST,
        repr_digest(checksum::crc32c(json.as_bytes())),
    );
    response(headers, body::full(json))
}

/// An answer without JSON and bytes.
pub(super) fn empty() -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    response(headers, body::full(""))
}

/// An object's JSON, followed by the requested range of its bytes.
pub(super) fn object(found: FoundObject) -> Response<Body> {
    let json = found.object.json(Include::ALL, Some(&found.range));
    let length = found.range.end - found.range.start;
    let mut headers = HeaderMap::new();
    headers.insert(R2_METADATA_SIZE, json.len().into());
    headers.insert(CONTENT_LENGTH, (json.len() as u64 + length).into());
    headers.insert(R2_JSON_APART, HeaderValue::from_static("1"));
    // The digest is that of the stored bytes: an answer with other bytes breaks.
    let whole = found.crc32c(checksum::crc32c(json.as_bytes()));
    headers.insert(digest::REPR_DIGEST, repr_digest(whole));
    let left = json.len() as u64 + length;
    let front = stream::once(async { Ok(Frame::data(Bytes::from(json))) });
    let bytes = stream::unfold(Some(found.reader), next);
    let body = StreamBody::new(front.chain(bytes)).boxed_unsync();
    response(headers, SizedBody::new(body, left).boxed_unsync())
}

/// The bytes of a range of an object.
pub(super) fn bytes(reader: Reader, length: u64) -> Body {
    let body = StreamBody::new(stream::unfold(Some(reader), next)).boxed_unsync();
    let left = length;
    SizedBody::new(body, left).boxed_unsync()
}

async fn next(reader: Option<Reader>) -> Option<(Result<Frame<Bytes>, HopError>, Option<Reader>)> {
    let mut reader = reader?;
    match reader.next().await {
        Ok(Some(bytes)) => Some((Ok(Frame::data(bytes)), Some(reader))),
        Ok(None) => None,
        Err(error) => Some((Err(HopError::Service(error.to_string())), None)),
    }
}

/// An error. The answer of a `get` with a failed condition has the JSON of the object.
pub(super) fn error(error: &R2Error, object: Option<&Object>) -> Response<Body> {
    let mut answer = match object {
        Some(object) => json(object.json(Include::ALL, Some(&(0..object.size)))),
        None => empty(),
    };
    *answer.status_mut() = error.code.status();
    let described =
        json!({ "version": 1, "v4code": error.code.number(), "message": error.message });
    // DEL is the only character that JSON does not escape and a header must not have.
    let described = described.to_string().replace('\u{7f}', "\\u007f");
    if let Ok(value) = HeaderValue::try_from(described) {
        answer.headers_mut().insert(R2_ERROR, value);
    }
    set_summary(&mut answer, &error.to_string());
    answer
}

/// Sets the summary that the log's line of the call shows, cut to a maximum length.
pub(super) fn set_summary(answer: &mut Response<Body>, what: &str) {
    const MAX_CHARS: usize = 200;
    let shown: String = what
        .chars()
        .flat_map(char::escape_default)
        .take(MAX_CHARS)
        .collect();
    if let Ok(value) = HeaderValue::try_from(shown) {
        answer.headers_mut().insert(SUMMARY, value);
    }
}

fn response(headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

pub(super) fn repr_digest(crc32c: u32) -> HeaderValue {
    HeaderValue::try_from(digest::value(crc32c)).unwrap_or(HeaderValue::from_static(""))
}
