//! The Images binding: a client of the images process on its Unix socket.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Uri, Version};
use http_body_util::BodyExt;
use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER};
use safelight_protocol::{ErrorCode, error};
use tower::Service;
use wasmtime_wasi_http::{Error, WasiBody};

use super::pool::{Pool, PoolError};
use crate::body;
use crate::error::chain;
use crate::trace::CallTrace;

/// The service behind an Images binding.
#[derive(Clone)]
pub struct Images {
    pool: Pool,
}

impl Images {
    /// A service that speaks to the images process at the pool's socket.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
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
        let pool = self.pool.clone();
        let trace = request.extensions().get::<CallTrace>().cloned();
        Box::pin(async move {
            match pool.send(on_the_wire(request)?).await {
                Ok(response) => {
                    Ok(response.map(|body| body.map_err(|error| broken(&error)).boxed_unsync()))
                }
                Err(error) => {
                    let (code, message) = words(&error);
                    if let Some(trace) = trace {
                        trace.fault(&message);
                    }
                    Ok(failure(code, &message))
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

/// A connection that ends in the middle of a response.
fn broken(error: &hyper::Error) -> Error {
    Error::InternalError(Some(chain(error)))
}

/// An error of the binding itself, as its code and text.
fn words(error: &PoolError) -> (ErrorCode, String) {
    match error {
        PoolError::Connect(error) => (
            ErrorCode::Unreachable,
            format!("the images process cannot be reached: {error}"),
        ),
        PoolError::Exchange(error) => (
            ErrorCode::Internal,
            format!(
                "the images process ended the connection before it answered: {}",
                chain(error)
            ),
        ),
    }
}

/// The same in the form that the binding's clients understand.
fn failure(code: ErrorCode, message: &str) -> http::Response<WasiBody> {
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
    response
}

#[cfg(test)]
mod tests {
    use http::Request;
    use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER};

    use super::on_the_wire;
    use crate::body;

    #[test]
    fn numbers_that_a_guest_invents_do_not_cross_the_socket() {
        let request = Request::post("http://bindings.internal/transform")
            .header(REQUEST_HEADER, "1")
            .header(CALL_HEADER, "1")
            .body(body::full(""))
            .unwrap();
        let request = on_the_wire(request).unwrap();
        assert!(!request.headers().contains_key(REQUEST_HEADER));
        assert!(!request.headers().contains_key(CALL_HEADER));
    }
}
