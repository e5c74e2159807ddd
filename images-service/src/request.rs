//! One request, typed and checked: what the pipeline may rely on.

mod color;
mod draw;
mod gravity;
mod output;
mod steps;
mod text;
mod transform;
mod value;
mod warnings;

use std::collections::HashMap;

use bytes::Bytes;
use safelight_protocol::{
    Fit, Flip, Format,
    steps::{DRAW_IMAGE_INDEX, IMAGE_INDEX, TARGET_IMAGE_INDEX},
};
use serde_json::{Map, Value};

pub use self::text::{FontUrl, ImageSource, Text};
use self::value::OptionValue;
pub(crate) use self::warnings::Warnings;
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
        })
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
        transform: Transform,
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

/// The checked options of one `transform()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transform {
    /// Requested width in pixels, at least 1.
    pub width: Option<u32>,
    /// Requested height in pixels, at least 1.
    pub height: Option<u32>,
    /// How the picture meets width and height.
    pub fit: Option<Fit>,
    /// Which part survives a crop.
    pub gravity: Gravity,
    /// Mirroring, before rotation.
    pub flip: Option<Flip>,
    /// Clockwise rotation.
    pub rotate: Rotation,
    /// Colour under the picture, and of padding.
    pub background: Option<Color>,
}

/// Clockwise rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Not rotated (0 or 360 degrees).
    #[default]
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// Which part survives a crop, as fractions of each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gravity {
    /// The fraction divides what is cropped away.
    Remainder {
        /// 0 is flush left, 1 flush right.
        x: f64,
        /// 0 is flush top, 1 flush bottom.
        y: f64,
    },
    /// The crop is centred on the point, then moved inside the picture.
    BoxCenter {
        /// 0 is the left edge, 1 the right.
        x: f64,
        /// 0 is the top edge, 1 the bottom.
        y: f64,
    },
}

impl Default for Gravity {
    fn default() -> Self {
        Self::Remainder { x: 0.5, y: 0.5 }
    }
}

/// The checked options of one `draw()`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// 0 to 1.
    pub opacity: f32,
    /// Where on the horizontal axis.
    pub horizontal: Position,
    /// Where on the vertical axis.
    pub vertical: Position,
}

/// Where an overlay stands on one axis, in pixels; negative values lie outside the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// In the middle, the odd pixel on the far side.
    #[default]
    Center,
    /// At a distance from the left or top edge.
    Start(i32),
    /// At a distance from the right or bottom edge.
    End(i32),
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
