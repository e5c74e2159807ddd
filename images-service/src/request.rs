//! One request, typed and checked: what the pipeline may rely on.

mod border;
mod color;
mod draw;
mod extension;
mod gravity;
mod output;
mod steps;
mod text;
mod tone;
mod transform;
mod trim;
mod value;
mod warnings;

use std::collections::HashMap;

use bytes::Bytes;
use safelight_protocol::{Format, extension::JpegScan};
use serde_json::{Map, Value};

use self::value::OptionValue;
pub(crate) use self::warnings::Warnings;
pub use self::{
    border::Border,
    draw::{Draw, Position},
    extension::{Accepted, Extension},
    gravity::Gravity,
    text::{FontUrl, ImageSource, Text},
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

/// A `/transform` request in which nothing is left to check but the pixels, and the fonts until they are there.
#[derive(Clone, Debug)]
pub struct TransformRequest<F = Bytes> {
    /// The images: the base is image 0, the overlays follow in the order of the form.
    pub images: Vec<ImageSource<F>>,
    /// What is done, strictly in this order. Every index is in range of `images`.
    pub steps: Vec<Step>,
    /// How the result is written.
    pub output: Output,
    /// What the caller says beyond the binding.
    pub extension: Extension,
}

impl TransformRequest<FontUrl> {
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
        let images = std::iter::once(form.base)
            .chain(form.overlays)
            .enumerate()
            .map(|(index, source)| match source {
                Source::Image(bytes) => Ok(ImageSource::Encoded(bytes)),
                Source::Text(json) => {
                    Text::parse(index, &json, &limits.text, &mut warnings).map(ImageSource::Text)
                }
            })
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

    /// The addresses of its fonts, each once.
    pub(crate) fn font_urls(&self) -> Vec<FontUrl> {
        let mut urls: Vec<FontUrl> = Vec::new();
        for url in self.images.iter().filter_map(ImageSource::font_url) {
            if !urls.contains(url) {
                urls.push(url.clone());
            }
        }
        urls
    }

    /// The same request with its fonts.
    ///
    /// # Errors
    /// When one of them is not among `fonts`.
    pub(crate) fn with_fonts(
        self,
        fonts: &HashMap<FontUrl, Bytes>,
    ) -> Result<TransformRequest, ServiceError> {
        let images = self.images.into_iter().map(|image| image.with_font(fonts));
        Ok(TransformRequest {
            images: images.collect::<Result<_, _>>()?,
            steps: self.steps,
            output: self.output,
            extension: self.extension,
        })
    }
}

/// The options of one element of the array: without those that are `null`, and without the indices of its kind.
fn options<'a>(
    element: usize,
    keys: &'a Map<String, Value>,
    indices: &'static [&'static str],
) -> impl Iterator<Item = OptionValue<'a>> {
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
