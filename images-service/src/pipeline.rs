//! One request from encoded images to an encoded image.

use std::time::Duration;

use crate::{error::ServiceError, limits::Limits, request::TransformRequest};
use safelight_protocol::ErrorCode;

/// A finished image and what the log wants to know of it.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// Its `content-type`.
    pub content_type: &'static str,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What the base image was, such as `image/jpeg 4000x3000`.
    pub source: String,
    /// What was done otherwise than asked: texts for a `Warning` header.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub timings: Timings,
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// From encoded bytes to upright sRGB pixels, all images together.
    pub decode: Duration,
    /// All steps.
    pub ops: Duration,
    /// From pixels to encoded bytes.
    pub encode: Duration,
}

/// Runs one request: plain work without waiting, for a thread that may block.
pub fn run(request: TransformRequest, limits: &Limits) -> Result<Encoded, ServiceError> {
    let _ = (request, limits);
    Err(ServiceError::new(ErrorCode::Internal, "no pixels yet"))
}
