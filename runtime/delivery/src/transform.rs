//! Transformations: pictures from somewhere, changed by the images process on their way to whoever asked.
//!
//! Two hops, each with the layers that every hop out of a worker has: one for the source, one to the images process.
//!
//! | module | does |
//! |---|---|
//! | [`source`] | gets a picture from a worker or from another host |
//! | [`form`] | the sources and what is asked for, as one streamed form |
//! | [`output`] | format, quality and what else concerns the result |
//! | [`failure`] | what can go wrong, with the platform's numbers |
//! | [`answer`] | the result with the headers that the platform sets |

pub mod answer;
pub mod failure;
pub mod form;
pub mod output;
pub mod source;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Uri};
use http_body_util::BodyExt;
use safelight_protocol::{ErrorCode, ImagesError, TRANSFORM_PATH, form as wire};
use serde_json::Value;
use tower::ServiceExt;
use wasmtime_wasi_http::WasiBody;

use crate::bindings::images::Images;
use crate::bindings::{BindingService, CallContext, layered};
use crate::faults::{FaultSet, Hop, HopFaults};
use crate::hooks::BINDINGS_HOST;
use crate::images_process::{Crasher, ImagesHandle};
use crate::record::RequestRecord;

pub use failure::{Code, Failure};
use form::{Broken, Form};
use output::Output;
pub use source::{Fetched, SourceTime, Sources};

/// The name of the hop to the images process.
pub const TRANSFORM_HOP: &str = "image-url";
/// Largest result that is held back until it is proved whole, so that a broken one becomes an error with a text. A
/// larger one streams, and breaks its transfer.
const PROVED_BYTES: u64 = 16 * 1024 * 1024;

/// Most bytes of an error's text that are passed on.
const ERROR_BYTES: u64 = 4 * 1024;

/// The way to the images process for pictures that no worker has in its hands.
#[derive(Clone)]
pub struct Transformations {
    images: BindingService,
}

/// What is to become of a picture.
pub struct Wanted {
    /// The elements of the `transforms` array; the source is image 0.
    pub transforms: Vec<Value>,
    /// Images 1 and on.
    pub overlays: Vec<form::Part>,
    /// How the result is written.
    pub output: Output,
}

impl Wanted {
    /// All that was asked for and settled, as one text.
    pub fn text(&self) -> String {
        let transforms = self.transforms.iter().map(ToString::to_string);
        let parts = self.output.parts().into_iter();
        let parts = parts.map(|(name, value)| format!("{name}={value}"));
        transforms.chain(parts).collect::<Vec<_>>().join(",")
    }
}

/// A finished picture.
pub struct Transformed {
    /// The headers of the images process.
    pub headers: HeaderMap,
    /// The encoded picture.
    pub body: WasiBody,
    /// How long it took until here.
    pub time: Duration,
}

impl Transformations {
    /// Speaks to the images process; these faults may happen on the way.
    pub fn new(process: ImagesHandle, crasher: Crasher, faults: Arc<FaultSet>) -> Self {
        let hop = Hop::images(TRANSFORM_HOP, Some(crasher));
        Self {
            images: layered(Images::new(process), HopFaults::new(hop, faults)),
        }
    }

    /// Has the images process make of `source` what is wanted.
    ///
    /// # Errors
    /// When the source breaks off, or the images process refuses or fails.
    pub async fn run(
        &self,
        source: Fetched,
        wanted: Wanted,
        record: &Arc<RequestRecord>,
    ) -> Result<Transformed, Failure> {
        let started = Instant::now();
        let (head, body) = source.response.into_parts();
        let broken = Broken::default();
        let boundary = boundary();
        let form = Form::new(&boundary, body, wanted, broken.clone())?;
        let mut request = http::Request::new(form.boxed_unsync());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(format!("http://{BINDINGS_HOST}{TRANSFORM_PATH}"))
            .map_err(|error| Failure::internal(error.to_string()))?;
        let content_type = HeaderValue::try_from(wire::content_type(&boundary))
            .map_err(|error| Failure::internal(error.to_string()))?;
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        request.extensions_mut().insert(CallContext {
            hop: TRANSFORM_HOP.into(),
            record: record.clone(),
        });
        let answer = self.images.clone().oneshot(request).await;
        // A source that broke is why the form did, whatever the images process makes of that.
        if let Some((part, why)) = broken.get() {
            return Err(source::broke_off(&head.extensions, part, why));
        }
        let response = answer.map_err(|error| Failure::of_hop(TRANSFORM_HOP, &error))?;
        let transformed = proved(response).await?;
        Ok(Transformed {
            time: started.elapsed(),
            ..transformed
        })
    }
}

/// One that no source can know and put into a picture.
fn boundary() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    wire::boundary(random() << 64 | random())
}

/// Reads a success as far as it is held back, and turns an error of the images process into one for the client.
async fn proved(response: http::Response<WasiBody>) -> Result<Transformed, Failure> {
    let (head, body) = response.into_parts();
    if let Some(code) = ImagesError::code_of(head.status, &head.headers) {
        let text = whole(body, ERROR_BYTES).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        return Err(Failure::of_images(code, head.status, &text));
    }
    let length = answer::content_length(&head.headers);
    let body = match length {
        Some(length) if length <= PROVED_BYTES => {
            let bytes = whole(body, PROVED_BYTES)
                .await
                .map_err(|why| Failure::images(ErrorCode::Internal, why))?;
            crate::body::full(bytes)
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
async fn whole(mut body: WasiBody, most: u64) -> Result<Bytes, String> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure::inner(&error))?;
        if let Some(data) = frame.data_ref() {
            if (bytes.len() + data.len()) as u64 > most {
                return Err(format!("more than {most} bytes"));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes.freeze())
}
