//! Answers as the wire has them: JSON in front, then an object's bytes; an error in a header.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, StreamBody};
use safelight_protocol::digest;
use serde_json::json;
use wasmtime_wasi_http::{Error, WasiBody};

use super::blobs::reader::Reader;
use super::bucket::Found;
use super::error::R2Error;
use super::object::{Include, Object};
use crate::body;
use crate::call_log::SUMMARY_HEADER;

pub(super) const METADATA_SIZE: HeaderName = HeaderName::from_static("cf-r2-metadata-size");
const ERROR: HeaderName = HeaderName::from_static("cf-r2-error");
/// Says that the JSON in front is a piece of the body by itself, so that who has read it can pass on the rest unread.
const JSON_APART: HeaderName = HeaderName::from_static("safelight-json-apart");

/// An answer that is JSON alone.
pub(super) fn json_only(json: String) -> Response<WasiBody> {
    let mut headers = HeaderMap::new();
    headers.insert(METADATA_SIZE, json.len().into());
    headers.insert(CONTENT_LENGTH, json.len().into());
    headers.insert(
        digest::REPR_DIGEST,
        repr_digest(crc32c::crc32c(json.as_bytes())),
    );
    response(headers, body::full(json))
}

/// The answer of what needs none.
pub(super) fn nothing() -> Response<WasiBody> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    response(headers, body::full(""))
}

/// An object with its bytes, or some of them.
pub(super) fn object(found: Found) -> Response<WasiBody> {
    let json = found.object.json(Include::ALL, Some(&found.range));
    let length = found.range.end - found.range.start;
    let mut headers = HeaderMap::new();
    headers.insert(METADATA_SIZE, json.len().into());
    headers.insert(CONTENT_LENGTH, (json.len() as u64 + length).into());
    headers.insert(JSON_APART, HeaderValue::from_static("1"));
    // What was written is what is sent, or the answer breaks.
    let whole = found.crc32c(crc32c::crc32c(json.as_bytes()));
    headers.insert(digest::REPR_DIGEST, repr_digest(whole));
    let left = json.len() as u64 + length;
    let front = stream::once(async { Ok(Frame::data(Bytes::from(json))) });
    let bytes = stream::unfold(Some(found.reader), next);
    let body = StreamBody::new(front.chain(bytes)).boxed_unsync();
    response(headers, Counted { body, left }.boxed_unsync())
}

/// An object's bytes, or some of them, and nothing in front.
pub(super) fn bytes(reader: Reader, length: u64) -> WasiBody {
    let body = StreamBody::new(stream::unfold(Some(reader), next)).boxed_unsync();
    let left = length;
    Counted { body, left }.boxed_unsync()
}

async fn next(reader: Option<Reader>) -> Option<(Result<Frame<Bytes>, Error>, Option<Reader>)> {
    let mut reader = reader?;
    match reader.next().await {
        Ok(Some(bytes)) => Some((Ok(Frame::data(bytes)), Some(reader))),
        Ok(None) => None,
        Err(error) => Some((Err(Error::InternalError(Some(error.to_string()))), None)),
    }
}

/// An error; to a `get` whose condition does not hold, with the object that it does not hold of.
pub(super) fn error(error: &R2Error, object: Option<&Object>) -> Response<WasiBody> {
    let json = object.map(|object| object.json(Include::ALL, Some(&(0..object.size))));
    let mut answer = match json {
        Some(json) => json_only(json),
        None => nothing(),
    };
    *answer.status_mut() = error.code.status();
    let told = json!({ "version": 1, "v4code": error.code.number(), "message": error.message });
    // The one character that JSON leaves as it is and a header must not have.
    let told = told.to_string().replace('\u{7f}', "\\u007f");
    if let Ok(value) = HeaderValue::try_from(told) {
        answer.headers_mut().insert(ERROR, value);
    }
    summarize(&mut answer, &error.to_string());
    answer
}

/// Has the log's line of the call say what was done, within reason.
pub(super) fn summarize(answer: &mut Response<WasiBody>, what: &str) {
    const MOST: usize = 200;
    let shown: String = what
        .chars()
        .flat_map(char::escape_default)
        .take(MOST)
        .collect();
    if let Ok(value) = HeaderValue::try_from(shown) {
        answer.headers_mut().insert(SUMMARY_HEADER, value);
    }
}

fn response(headers: HeaderMap, body: WasiBody) -> Response<WasiBody> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

pub(super) fn repr_digest(crc32c: u32) -> HeaderValue {
    HeaderValue::try_from(digest::value(crc32c)).unwrap_or(HeaderValue::from_static(""))
}

/// A body that knows how much of it is still to come.
struct Counted {
    body: WasiBody,
    left: u64,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.left = self.left.saturating_sub(bytes);
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
