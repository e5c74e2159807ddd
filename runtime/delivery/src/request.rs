//! What is done to a picture, and what comes of it.

use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use safelight_hop::Body;
use serde_json::Value;

use crate::output::Output;

/// An overlay of a picture.
pub enum Part {
    /// An encoded picture.
    Picture(Body),
    /// The JSON of a text.
    Text(String),
}

/// What is done to a picture.
pub struct TransformRequest {
    /// The elements of the `transforms` array; the source is image 0.
    pub transforms: Vec<Value>,
    /// Images 1 and on.
    pub overlays: Vec<Part>,
    /// How the result is written.
    pub output: Output,
}

impl TransformRequest {
    /// All options as one text, from which an entity tag is made.
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
    pub body: Body,
    /// How long it took until here.
    pub time: Duration,
}

/// The length that the headers promise.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
