//! One request, typed and checked: what the pipeline may rely on.

mod border;
mod color;
mod draw;
mod extension;
mod gravity;
mod output;
mod steps;
mod tone;
mod transform;
mod trim;
mod value;
mod warnings;

use bytes::Bytes;
use safelight_protocol::{
    ErrorCode, Format,
    extension::JpegScan,
    form,
    steps::{DRAW_IMAGE_INDEX, IMAGE_INDEX, TARGET_IMAGE_INDEX},
};
use serde_json::{Map, Value};

pub use self::extension::{Accepted, Extension};
use self::value::OptionValue;
pub(crate) use self::warnings::Warnings;
pub use self::{
    border::Border,
    draw::{Draw, Position},
    gravity::Gravity,
    tone::Tone,
    transform::{Rotation, Transform},
    trim::{BorderTrim, Cuts, Length, Trim},
};
use crate::{
    decode::Frames,
    error::ServiceError,
    form::{Source, TransformForm},
    limits::Limits,
};

/// A `/transform` request in which nothing is left to check but the pixels.
#[derive(Clone, Debug)]
pub struct TransformRequest {
    /// The encoded images: the base is image 0, the overlays follow in the order of the form.
    pub images: Vec<Bytes>,
    /// What is done, strictly in this order. Every index is in range of `images`.
    pub steps: Vec<Step>,
    /// How the result is written.
    pub output: Output,
    /// What the caller says beyond the binding.
    pub extension: Extension,
}

impl TransformRequest {
    /// Checks a whole form, so that no pixel is decoded for a request that cannot be done.
    ///
    /// # Errors
    /// When an option is wrong or not supported, which the error names.
    pub(crate) fn parse(
        form: TransformForm,
        limits: &Limits,
    ) -> Result<(Self, Warnings), ServiceError> {
        let mut warnings = Warnings::default();
        let output = Output::parse(&form)?;
        let extension = Extension::parse(&form.extension)?;
        let images = std::iter::once((form::TEXT_INPUT, form.base))
            .chain(
                form.overlays
                    .into_iter()
                    .map(|source| (form::DRAW_TEXT, source)),
            )
            .map(|(part, source)| image(part, source))
            .collect::<Result<Vec<_>, _>>()?;
        let steps = steps::parse(&form.transforms, images.len(), limits, &mut warnings)?;
        let request = Self {
            images,
            steps,
            output,
            extension,
        };
        Ok((request, warnings))
    }
}

fn image(part: &str, source: Source) -> Result<Bytes, ServiceError> {
    match source {
        Source::Image(bytes) => Ok(bytes),
        Source::Text => Err(ServiceError::new(
            ErrorCode::BadRequest,
            format!("{part}: text is not supported yet"),
        )),
    }
}

/// The options of one element of the array: without those that are `null`, and without the indices.
fn options(element: usize, keys: &Map<String, Value>) -> impl Iterator<Item = OptionValue<'_>> {
    let indices = [IMAGE_INDEX, DRAW_IMAGE_INDEX, TARGET_IMAGE_INDEX];
    keys.iter()
        .filter(move |(key, value)| !value.is_null() && !indices.contains(&key.as_str()))
        .map(move |(key, value)| OptionValue {
            element,
            key,
            value,
        })
}

/// One thing that the author asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Change one image.
    Transform {
        /// Index of the image.
        image: usize,
        /// The change.
        transform: Box<Transform>,
    },
    /// Draw one image onto another; never onto itself.
    Draw {
        /// Index of the image that is drawn.
        overlay: usize,
        /// Index of the image that receives it.
        target: usize,
        /// Where and how.
        draw: Draw,
    },
}

/// The checked options of one `output()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The format of the result.
    pub format: Format,
    /// Encoder quality, 1 to 100; `None` if the caller gave none (the encoders' default is 85).
    pub quality: Option<u8>,
    /// Colour under the finished picture.
    pub background: Option<Color>,
    /// How much of an animation is kept, in a format that can hold one.
    pub frames: Frames,
    /// How a JPEG is written; by default as suits its size.
    pub scan: Option<JpegScan>,
}

/// A colour in sRGB with straight alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Alpha; 255 is opaque.
    pub a: u8,
}
