//! Sends a source and its transformation to the images process.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use http_body_util::BodyExt as _;
use safelight_hop::faults::{FaultSet, Hop, ImagesFaults};
use safelight_hop::head::content_length;
use safelight_hop::inject::HopFaults;
use safelight_hop::{
    BindingService, Body, Call, HopService, RequestContext, TRANSFORM_HOP, body, layered,
};
use safelight_protocol::{BINDINGS_HOST, ErrorCode, ImagesError, TRANSFORM_PATH, form as wire};
use tower::ServiceExt as _;

use crate::error::DeliveryError;
use crate::form::{BrokenPart, Form};
use crate::request::{TransformRequest, Transformed};
use crate::source::{FetchedSource, broken_part_error};

/// Maximum size of a result that is buffered until it is complete, so that a broken one becomes an error with a text. A
/// larger one streams, and an error cuts its transfer off.
const MAX_BUFFERED_BYTES: u64 = 16 * 1024 * 1024;

/// Maximum length of an error's text, in bytes.
const MAX_ERROR_BYTES: u64 = 4 * 1024;

/// The client of the images process for pictures by URL and by `fetch`.
#[derive(Clone)]
pub struct Transformations {
    images: BindingService,
}

impl Transformations {
    /// A client of the images process that `images` calls. `effects` are the faults that it can have, and `faults` apply to
    /// the hop.
    pub fn new(images: impl HopService, effects: ImagesFaults, faults: Arc<FaultSet>) -> Self {
        let hop = Hop::images(TRANSFORM_HOP, effects);
        Self {
            images: layered(images, HopFaults::new(hop, faults)),
        }
    }

    /// Sends `source` and `request` to the images process. `between_bytes` limits the pauses of its answer.
    ///
    /// # Errors
    /// When the source is cut off, or the images process returns an error or fails.
    pub async fn run(
        &self,
        source: FetchedSource,
        request: TransformRequest,
        context: &Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Result<Transformed, DeliveryError> {
        let started = Instant::now();
        let body = source.response.into_body();
        let broken = BrokenPart::default();
        let boundary = boundary();
        let form = Form::new(&boundary, body, request, broken.clone())?;
        let mut request = http::Request::new(form.boxed_unsync());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(format!("http://{BINDINGS_HOST}{TRANSFORM_PATH}"))
            .map_err(|error| DeliveryError::internal(error.to_string()))?;
        let content_type = HeaderValue::try_from(wire::content_type(&boundary))
            .map_err(|error| DeliveryError::internal(error.to_string()))?;
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        let call = Call::new(TRANSFORM_HOP.into(), request, context.clone())
            .with_between_bytes(between_bytes);
        let answer = self.images.clone().oneshot(call).await;
        // A broken source breaks the form, so its error has precedence over the response of the images process.
        if let Some((part, why)) = broken.get() {
            return Err(broken_part_error(&source.error, part, why));
        }
        let response = answer.map_err(|error| DeliveryError::from_hop(TRANSFORM_HOP, &error))?;
        let transformed = buffered_result(response).await?;
        Ok(Transformed {
            time: started.elapsed(),
            ..transformed
        })
    }
}

/// A random boundary, which a source cannot predict.
fn boundary() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    wire::boundary(random() << 64 | random())
}

/// Buffers a success of at most [`MAX_BUFFERED_BYTES`], and turns an error response into an error for the client.
async fn buffered_result(response: http::Response<Body>) -> Result<Transformed, DeliveryError> {
    let (head, body) = response.into_parts();
    if let Some(code) = ImagesError::response_code(head.status, &head.headers) {
        let text = collect(body, MAX_ERROR_BYTES).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        return Err(DeliveryError::from_images_response(
            code,
            head.status,
            &text,
        ));
    }
    let length = content_length(&head.headers).ok().flatten();
    let body = match length {
        Some(length) if length <= MAX_BUFFERED_BYTES => {
            let bytes = collect(body, MAX_BUFFERED_BYTES)
                .await
                .map_err(|why| DeliveryError::images(ErrorCode::Internal, why))?;
            body::full(bytes)
        }
        Some(_) | None => body,
    };
    Ok(Transformed {
        headers: head.headers,
        body,
        time: Duration::ZERO,
    })
}

/// Collects a body of at most `max` bytes.
async fn collect(mut body: Body, max: u64) -> Result<Bytes, String> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            if (bytes.len() + data.len()) as u64 > max {
                return Err(format!("more than {max} bytes"));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes.freeze())
}
