//! The Images binding: a client of the images process on its Unix socket.

use std::error::Error as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Uri, Version};
use http_body_util::BodyExt;
use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER};
use safelight_protocol::{ErrorCode, error};
use tower::Service;
use wasmtime_wasi_http::{Error, WasiBody};

use super::pool::{PoolError, is_garbage};
use crate::body;
use crate::call_log::SUMMARY_HEADER;
use crate::error::{chain, inner};
use crate::images_process::{CallError, ImagesHandle};
use crate::trace::CallTrace;

/// The service behind an Images binding.
#[derive(Clone)]
pub struct Images {
    process: ImagesHandle,
}

impl Images {
    /// A service that speaks to the images process, whichever one runs.
    pub fn new(process: ImagesHandle) -> Self {
        Self { process }
    }
}

impl Service<http::Request<WasiBody>> for Images {
    type Response = http::Response<WasiBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<WasiBody>) -> Self::Future {
        let process = self.process.clone();
        let trace = request.extensions().get::<CallTrace>().cloned();
        Box::pin(async move {
            match process.send(on_the_wire(request)?).await {
                Ok(response) => Ok(response.map(|body| {
                    // A connection that ends, or stalls, in the middle of a response.
                    body.map_err(|error| Error::InternalError(Some(chain(&error))))
                        .boxed_unsync()
                })),
                Err(error) => {
                    let (code, message) = words(&error);
                    if let Some(trace) = trace {
                        trace.fault(&message);
                    }
                    Ok(failed(code, &message))
                }
            }
        })
    }
}

/// The request as the socket's protocol has it: origin form, and a Host that only fills its place.
fn on_the_wire(request: http::Request<WasiBody>) -> Result<http::Request<WasiBody>, Error> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::try_from(path).map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.version = Version::HTTP_11;
    parts
        .headers
        .insert(HOST, HeaderValue::from_static("images"));
    // These numbers are the runtime's word, whatever a guest writes.
    parts.headers.remove(REQUEST_HEADER);
    parts.headers.remove(CALL_HEADER);
    if let Some(trace) = parts.extensions.get::<CallTrace>() {
        let (request, call) = trace.numbers();
        parts.headers.insert(REQUEST_HEADER, request.into());
        parts.headers.insert(CALL_HEADER, call.into());
    }
    Ok(http::Request::from_parts(parts, body))
}

/// An error of the binding itself, as its code and text.
fn words(error: &CallError) -> (ErrorCode, String) {
    match error {
        CallError::Down => (
            ErrorCode::Unreachable,
            "the images process cannot be reached: it is being restarted".into(),
        ),
        CallError::Pool(PoolError::Connect(error, _)) => (
            ErrorCode::Unreachable,
            format!("the images process cannot be reached: {error}"),
        ),
        CallError::Pool(PoolError::Exchange(error)) if is_garbage(error) => (
            ErrorCode::Internal,
            format!("the images process answered garbage: {}", chain(error)),
        ),
        CallError::Pool(PoolError::Exchange(error)) => match broken_upload(error) {
            Some(why) => (
                ErrorCode::MalformedRequest,
                format!("the upload broke off: {why}"),
            ),
            None => ended_early_words(&chain(error)),
        },
    }
}

/// Why the call's own upload broke off, if that is what ended the exchange.
fn broken_upload(error: &hyper::Error) -> Option<String> {
    let of_body = error.source()?.downcast_ref::<Error>()?;
    error.is_user().then(|| inner(of_body))
}

fn ended_early_words(why: &str) -> (ErrorCode, String) {
    (
        ErrorCode::Internal,
        format!("the images process ended the connection before it answered: {why}"),
    )
}

/// The answer for a connection that ended before there was one.
pub fn ended_early(why: &str) -> http::Response<WasiBody> {
    let (code, message) = ended_early_words(why);
    failed(code, &message)
}

/// An answer that is marked with an error code.
pub fn failed(code: ErrorCode, message: &str) -> http::Response<WasiBody> {
    let mut response = http::Response::new(body::full(error::body_text(code, message)));
    *response.status_mut() = code.status();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    if let Ok(value) = HeaderValue::try_from(error::header_value(code)) {
        headers.insert(error::ERROR_HEADER, value);
    }
    // So that the log's line of the call says it too.
    if let Ok(value) = HeaderValue::try_from(format!("{}: {message}", code.number())) {
        headers.insert(SUMMARY_HEADER, value);
    }
    response
}
