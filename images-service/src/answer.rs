//! Answers: one block with its exact length and digest, or an error that is marked as one.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, WARNING},
};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use safelight_protocol::{
    ErrorCode, digest,
    error::{ERROR_HEADER, body_text, header_value},
};

use crate::error::ServiceError;

/// An answer as it goes to the client.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Tells in one line what was done, for a log.
const SUMMARY: HeaderName = HeaderName::from_static("safelight-summary");
/// Tells how long each stage took.
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Where clients of R2 look for an error.
const R2_ERROR: HeaderName = HeaderName::from_static("cf-r2-error");

/// Bytes whose checksum is known.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Bytes,
    crc32c: u32,
}

impl Block {
    /// Computes the checksum: work for a thread that may block, if there are many bytes.
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let crc32c = crc_fast::crc32_iscsi(&bytes);
        Self { bytes, crc32c }
    }
}

/// The answer of a call that went well.
pub(crate) fn good(content_type: &'static str, block: Block) -> Answer {
    with_block(StatusCode::OK, content_type, block)
}

/// The answer of a call that failed.
pub(crate) fn failed(error: &ServiceError) -> Answer {
    marked(error.code.status(), error)
}

/// The answer to a path that is not there.
pub(crate) fn not_found(path: &str) -> Answer {
    let path: String = path.escape_default().take(64).collect();
    let error = ServiceError::new(
        ErrorCode::MalformedRequest,
        format!("there is nothing at {path}"),
    );
    marked(StatusCode::NOT_FOUND, &error)
}

/// The answer to a call of another service. Clients of R2 read its header, those of KV its reason phrase; to both, a 404 would say
/// that there is no such key.
pub(crate) fn misdirected() -> Answer {
    let text = "this socket serves images alone";
    let error = ServiceError::new(ErrorCode::MalformedRequest, text);
    let mut answer = marked(StatusCode::MISDIRECTED_REQUEST, &error);
    let of_r2 = r#"{"version":1,"v4code":10006,"message":"this socket serves images alone"}"#;
    let headers = answer.headers_mut();
    headers.insert(R2_ERROR, HeaderValue::from_static(of_r2));
    let phrase = ReasonPhrase::from_static(b"this socket serves images alone");
    answer.extensions_mut().insert(phrase);
    answer
}

/// The answer to a method that the path does not have.
pub(crate) fn not_allowed(allowed: &'static str) -> Answer {
    let error = ServiceError::new(
        ErrorCode::MalformedRequest,
        format!("the method must be {allowed}"),
    );
    let mut answer = marked(StatusCode::METHOD_NOT_ALLOWED, &error);
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn marked(status: StatusCode, error: &ServiceError) -> Answer {
    let text = body_text(error.code, &error.message);
    let mut answer = with_block(status, "text/plain", Block::new(text));
    let mark = header(&header_value(error.code));
    answer.headers_mut().insert(ERROR_HEADER, mark);
    answer
}

fn with_block(status: StatusCode, content_type: &'static str, block: Block) -> Answer {
    let length = HeaderValue::from(block.bytes.len());
    let mut answer = Response::new(Full::new(block.bytes));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(digest::REPR_DIGEST, header(&digest::value(block.crc32c)));
    answer
}

/// Adds what a log wants to know, and what the caller should.
pub(crate) fn annotate(answer: &mut Answer, summary: &str, timing: &str, warnings: &[String]) {
    let headers = answer.headers_mut();
    headers.insert(SUMMARY, header(summary));
    headers.insert(SERVER_TIMING, header(timing));
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        headers.append(WARNING, header(&format!("cf-images 299 \"{quoted}\"")));
    }
}

/// The same answer, which says that the connection ends with it.
pub(crate) fn last(mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A header value in which everything but printable ASCII has become a question mark.
fn header(text: &str) -> HeaderValue {
    let printable: String = text
        .chars()
        .map(|c| match c {
            ' '..='~' => c,
            _ => '?',
        })
        .collect();
    HeaderValue::from_str(&printable).unwrap_or_else(|_| HeaderValue::from_static("?"))
}
