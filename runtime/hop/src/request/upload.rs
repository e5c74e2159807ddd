//! The body of a client's request: timed, paced, counted in the trace, and drained when its handler drops it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use http_body_util::combinators::InspectFrame;
use hyper::body::Incoming;
use safelight_net::deadline::{Activity, ReadTimeoutBody, ReadTimeoutError};
use safelight_net::drain::DrainOnDrop;

use super::RequestContext;
use crate::body::Body;
use crate::capacity::PacedUpload;
use crate::error::HopError;

/// The upload of a request, as it arrives.
pub type Upload = DrainOnDrop<CountedBody>;

/// A body whose bytes are counted in the request's trace.
type CountedBody =
    InspectFrame<PacedUpload<ReadTimeoutBody<Incoming>>, Box<dyn FnMut(&Frame<Bytes>) + Send>>;

/// Receives an upload on this connection. It fails when no byte arrives for `limit`.
pub fn receive(
    body: Incoming,
    limit: Duration,
    connection: Activity,
    context: &RequestContext,
) -> Upload {
    let timed = ReadTimeoutBody::with_activity(body, limit, connection);
    let paced = PacedUpload::new(timed, context.holder().pace().clone());
    let count = context.trace().map(|trace| trace.upload());
    let counted: CountedBody = paced.inspect_frame(Box::new(move |frame| {
        if let (Some(count), Some(data)) = (&count, frame.data_ref()) {
            count.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
    }));
    DrainOnDrop::new(counted)
}

/// Converts the upload to the body of a call. The context records its failure.
pub fn into_body(upload: Upload, context: Arc<RequestContext>) -> Body {
    upload
        .map_err(move |error| upload_error(error, &context))
        .boxed_unsync()
}

/// Converts and records the error of an upload. A stall is logged, since the handler may not report it.
fn upload_error(error: ReadTimeoutError<hyper::Error>, context: &RequestContext) -> HopError {
    let error = match error {
        ReadTimeoutError::Body(error) => HopError::UploadBroke(error),
        ReadTimeoutError::Timeout(limit) => {
            let error = HopError::UploadStalled(limit);
            context.note(&error);
            error
        }
    };
    context.failures().upload_broke(&error);
    error
}
