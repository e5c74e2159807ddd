//! The way of a picture through the images process.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use http_body_util::BodyExt as _;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::inject::HopFaults;
use safelight_hop::{BindingService, Body, Call, RequestContext, TRANSFORM_HOP, body, layered};
use safelight_images_client::{ImagesProcess, binding};
use safelight_protocol::{BINDINGS_HOST, ErrorCode, ImagesError, TRANSFORM_PATH, form as wire};
use tower::ServiceExt as _;

use crate::failure::Failure;
use crate::form::{BrokenPart, Form};
use crate::request::{TransformRequest, Transformed, content_length};
use crate::source::{Fetched, broke_off};

/// Largest result that is held back until it is proved whole, so that a broken one becomes an error with a text. A
/// larger one streams, and breaks its transfer.
const MAX_BUFFERED_BYTES: u64 = 16 * 1024 * 1024;

/// Most bytes of an error's text that are passed on.
const MAX_ERROR_BYTES: u64 = 4 * 1024;

/// The way to the images process for pictures that no worker has in its hands.
#[derive(Clone)]
pub struct Transformations {
    images: BindingService,
}

impl Transformations {
    /// A client of the images process; these faults may happen on the way.
    pub fn new(process: &ImagesProcess, faults: Arc<FaultSet>) -> Self {
        let hop = Hop::images(TRANSFORM_HOP, process.faults());
        let service = binding::service(process.handle());
        Self {
            images: layered(service, HopFaults::new(hop, faults)),
        }
    }

    /// Has the images process transform `source`.
    ///
    /// # Errors
    /// When the source breaks off, or the images process refuses or fails.
    pub async fn run(
        &self,
        source: Fetched,
        request: TransformRequest,
        context: &Arc<RequestContext>,
    ) -> Result<Transformed, Failure> {
        let started = Instant::now();
        let (head, body) = source.response.into_parts();
        let broken = BrokenPart::default();
        let boundary = boundary();
        let form = Form::new(&boundary, body, request, broken.clone())?;
        let mut request = http::Request::new(form.boxed_unsync());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(format!("http://{BINDINGS_HOST}{TRANSFORM_PATH}"))
            .map_err(|error| Failure::internal(error.to_string()))?;
        let content_type = HeaderValue::try_from(wire::content_type(&boundary))
            .map_err(|error| Failure::internal(error.to_string()))?;
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        let call = Call::new(TRANSFORM_HOP.into(), request, context.clone());
        let answer = self.images.clone().oneshot(call).await;
        // A source that broke is why the form did, whatever the images process makes of that.
        if let Some((part, why)) = broken.get() {
            return Err(broke_off(&head.extensions, part, why));
        }
        let response = answer.map_err(|error| Failure::of_hop(TRANSFORM_HOP, &error))?;
        let transformed = buffered_result(response).await?;
        Ok(Transformed {
            time: started.elapsed(),
            ..transformed
        })
    }
}

/// A random boundary, which no source can contain on purpose.
fn boundary() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    wire::boundary(random() << 64 | random())
}

/// Buffers a success of known and moderate length, so that a broken one becomes an error with a text, and turns an error
/// of the images process into one for the client.
async fn buffered_result(response: http::Response<Body>) -> Result<Transformed, Failure> {
    let (head, body) = response.into_parts();
    if let Some(code) = ImagesError::response_code(head.status, &head.headers) {
        let text = whole(body, MAX_ERROR_BYTES).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        return Err(Failure::of_images(code, head.status, &text));
    }
    let length = content_length(&head.headers);
    let body = match length {
        Some(length) if length <= MAX_BUFFERED_BYTES => {
            let bytes = whole(body, MAX_BUFFERED_BYTES)
                .await
                .map_err(|why| Failure::images(ErrorCode::Internal, why))?;
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

/// All of a body that has no more than `most` bytes.
async fn whole(mut body: Body, most: u64) -> Result<Bytes, String> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            if (bytes.len() + data.len()) as u64 > most {
                return Err(format!("more than {most} bytes"));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes.freeze())
}
