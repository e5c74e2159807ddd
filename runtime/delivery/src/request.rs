//! A transformation: its steps and overlays, and its result.

use std::time::Duration;

use http::HeaderMap;
use safelight_hop::Body;
use serde_json::Value;

use crate::output::Output;

/// A picture or a text of a transformation.
pub enum Part {
    /// An encoded picture.
    Picture(Body),
    /// The JSON of a text.
    Text(String),
}

/// A transformation of a source.
pub struct TransformRequest {
    /// The elements of the `transforms` array. The source is image 0.
    pub transforms: Vec<Value>,
    /// The images from 1.
    pub overlays: Vec<Part>,
    /// The output options.
    pub output: Output,
}

impl TransformRequest {
    /// All options as one text, for the entity tag.
    pub fn text(&self) -> String {
        let transforms = self.transforms.iter().map(ToString::to_string);
        let parts = self.output.parts().into_iter();
        let parts = parts.map(|(name, value)| format!("{name}={value}"));
        transforms.chain(parts).collect::<Vec<_>>().join(",")
    }
}

/// The result of a transformation.
pub struct Transformed {
    /// The headers of the images process.
    pub headers: HeaderMap,
    /// The encoded picture.
    pub body: Body,
    /// The duration of the transformation.
    pub time: Duration,
}
