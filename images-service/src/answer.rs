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
    headers::{R2_ERROR, SUMMARY},
};

use crate::error::ServiceError;

/// An answer as it goes to the client.
pub(crate) type Answer = Response<Full<Bytes>>;

/// The header with the time of each stage.
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Bytes whose checksum is known.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Bytes,
    crc32c: u32,
}

impl Block {
    /// Creates a block and computes its checksum. With many bytes this is work for a thread that may block.
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let crc32c = crc_fast::crc32_iscsi(&bytes);
        Self { bytes, crc32c }
    }
}

/// Returns the answer of a successful call.
pub(crate) fn success(content_type: &'static str, block: Block) -> Answer {
    with_block(StatusCode::OK, content_type, block)
}

/// Returns the answer of a failed call.
pub(crate) fn failed(error: &ServiceError) -> Answer {
    error_answer(error.code.status(), error)
}

/// Returns the answer for an unknown path.
pub(crate) fn not_found(path: &str) -> Answer {
    let path: String = path.escape_default().take(64).collect();
    let error = ServiceError::new(
        ErrorCode::MalformedRequest,
        format!("there is nothing at {path}"),
    );
    error_answer(StatusCode::NOT_FOUND, &error)
}

/// Returns the answer to a call of another service. R2's clients read its header and KV's its reason phrase; both would
/// take a 404 for a missing key.
pub(crate) fn misdirected() -> Answer {
    let text = "this socket serves images alone";
    let error = ServiceError::new(ErrorCode::MalformedRequest, text);
    let mut answer = error_answer(StatusCode::MISDIRECTED_REQUEST, &error);
    let r2_body = r#"{"version":1,"v4code":10006,"message":"this socket serves images alone"}"#;
    let headers = answer.headers_mut();
    headers.insert(R2_ERROR, HeaderValue::from_static(r2_body));
    let phrase = ReasonPhrase::from_static(b"this socket serves images alone");
    answer.extensions_mut().insert(phrase);
    answer
}

/// Returns the answer to a method that the path does not have.
pub(crate) fn not_allowed(allowed: &'static str) -> Answer {
    let error = ServiceError::new(
        ErrorCode::MalformedRequest,
        format!("the method must be {allowed}"),
    );
    let mut answer = error_answer(StatusCode::METHOD_NOT_ALLOWED, &error);
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn error_answer(status: StatusCode, error: &ServiceError) -> Answer {
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

/// Adds the summary, the timing and the warnings to an answer.
pub(crate) fn annotate(answer: &mut Answer, summary: &str, timing: &str, warnings: &[String]) {
    let headers = answer.headers_mut();
    headers.insert(SUMMARY, header(summary));
    headers.insert(SERVER_TIMING, header(timing));
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        headers.append(WARNING, header(&format!("cf-images 299 \"{quoted}\"")));
    }
}

/// Adds `connection: close` to an answer.
pub(crate) fn with_connection_close(mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Returns a header value. Every character but printable ASCII becomes a question mark.
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
