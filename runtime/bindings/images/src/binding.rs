//! The service behind an Images binding: a client of the images process on its Unix socket.

use std::error::Error as _;

use http::HeaderValue;
use http_body_util::BodyExt as _;
use safelight_hop::head::origin_form;
use safelight_hop::inject::CrashPixels;
use safelight_hop::trace::CallRecord;
use safelight_hop::{Answer, Body, Call, HopError, HopService, error_chain};
use safelight_net::pool::{PoolError, is_protocol_error};
use safelight_protocol::ErrorCode;
use safelight_protocol::headers::{CRASH, CRASH_PIXELS};
use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER};
use tower::service_fn;

use crate::answers::{ended_early_text, failed};
use crate::process::call::gave_way_text;
use crate::process::{CallError, ImagesHandle};

/// A service that sends calls to the images process that runs at the time.
pub fn service(process: ImagesHandle) -> impl HopService {
    service_fn(move |call| send(process.clone(), call))
}

async fn send(process: ImagesHandle, call: Call) -> Answer {
    let (record, owner) = (call.context.record, call.context.request.id());
    let request = on_the_wire(call.request, &record)?;
    let connected = |connection| record.connection(connection);
    match process.send(request, owner, connected).await {
        Ok(response) => Ok(response.map(|body| {
            // The connection ended or stalled in the middle of a response.
            body.map_err(|error| HopError::Service(error_chain(&error)))
                .boxed_unsync()
        })),
        Err(error) => {
            let (code, message) = describe(&error);
            record.replaced(&message);
            Ok(failed(code, &message))
        }
    }
}

/// The request in the form of the socket: in origin form, with a Host that HTTP/1.1 requires and the process ignores.
fn on_the_wire(
    request: http::Request<Body>,
    record: &CallRecord,
) -> Result<http::Request<Body>, HopError> {
    let mut request = origin_form(request, HeaderValue::from_static("images"))?;
    let crashes = request.extensions().get::<CrashPixels>().is_some();
    let headers = request.headers_mut();
    // The runtime alone sets these headers. A guest's own values are removed.
    headers.remove(REQUEST_HEADER);
    headers.remove(CALL_HEADER);
    headers.remove(CRASH);
    if let Some((number, call)) = record.numbers() {
        headers.insert(REQUEST_HEADER, number.into());
        headers.insert(CALL_HEADER, call.into());
    }
    if crashes {
        headers.insert(CRASH, HeaderValue::from_static(CRASH_PIXELS));
    }
    Ok(request)
}

/// The code and the text of a call that has no response.
fn describe(error: &CallError) -> (ErrorCode, String) {
    match error {
        CallError::Down => (
            ErrorCode::Unreachable,
            "the images process cannot be reached: it is being restarted".into(),
        ),
        CallError::Busy => (
            ErrorCode::Busy,
            "too many calls of the images process are under way, and none has ended within a minute".into(),
        ),
        CallError::GaveWay => (ErrorCode::Busy, gave_way_text()),
        CallError::Pool(PoolError::Connect(error, _)) => (
            ErrorCode::Unreachable,
            format!("the images process cannot be reached: {error}"),
        ),
        CallError::Pool(PoolError::Exchange(error)) if is_protocol_error(error) => (
            ErrorCode::Internal,
            format!(
                "the images process answered garbage: {}",
                error_chain(error)
            ),
        ),
        CallError::Pool(PoolError::Exchange(error)) => match broken_upload(error) {
            Some(why) => (
                ErrorCode::MalformedRequest,
                format!("the upload broke off: {why}"),
            ),
            None => (ErrorCode::Internal, ended_early_text(&error_chain(error))),
        },
    }
}

/// The error of the call's upload, if it ended the exchange.
fn broken_upload(error: &hyper::Error) -> Option<&HopError> {
    let of_body = error.source()?.downcast_ref::<HopError>()?;
    error.is_user().then_some(of_body)
}
