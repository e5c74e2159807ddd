//! Requests in one line, and pictures to fill them with.

use std::time::Duration;

use bytes::Bytes;
use safelight_images::{
    catch_panic::is_panic,
    error::ServiceError,
    image::{Channels, Image},
    options::{
        Draw, Extension, Frames, ImageSource, Output, Position, Size, Step, Text, Transform,
    },
    pipeline::{Outcome, PixelLimits, run},
    request::TransformRequest,
};
use safelight_protocol::Format;

/// A request that grows by steps; image 0 is the base.
pub(crate) struct Request(TransformRequest);

impl Request {
    pub(crate) fn new(image: &[u8]) -> Self {
        Self(TransformRequest {
            images: vec![ImageSource::Encoded(Bytes::copy_from_slice(image))],
            steps: Vec::new(),
            output: output(Format::Rgba),
            extension: Extension::default(),
        })
    }

    pub(crate) fn from_text(text: Text) -> Self {
        Self(TransformRequest {
            images: vec![ImageSource::Text(text)],
            steps: Vec::new(),
            output: output(Format::Rgba),
            extension: Extension::default(),
        })
    }

    pub(crate) fn transform(self, transform: Transform) -> Self {
        self.transform_image(0, transform)
    }

    pub(crate) fn transform_image(mut self, image: usize, transform: Transform) -> Self {
        let transform = Box::new(transform);
        self.0.steps.push(Step::Transform { image, transform });
        self
    }

    /// Adds an overlay without drawing it yet.
    pub(crate) fn overlay(mut self, image: &[u8]) -> Self {
        let image = ImageSource::Encoded(Bytes::copy_from_slice(image));
        self.0.images.push(image);
        self
    }

    /// Adds a text as an overlay without drawing it yet.
    pub(crate) fn text(mut self, text: Text) -> Self {
        self.0.images.push(ImageSource::Text(text));
        self
    }

    pub(crate) fn draw(mut self, overlay: usize, target: usize, draw: Draw) -> Self {
        self.0.steps.push(Step::Draw {
            overlay,
            target,
            draw,
        });
        self
    }

    pub(crate) fn extension(mut self, extension: Extension) -> Self {
        self.0.extension = extension;
        self
    }

    pub(crate) fn output(mut self, output: Output) -> Self {
        self.0.output = output;
        self
    }

    pub(crate) fn encoded(self, format: Format) -> Outcome {
        let output = Output {
            format,
            ..self.0.output
        };
        self.output(output).try_run().unwrap()
    }

    /// The result as straight RGBA.
    pub(crate) fn pixels(self) -> Pixels {
        let encoded = self.encoded(Format::Rgba);
        Pixels {
            width: encoded.facts.width,
            height: encoded.facts.height,
            data: encoded.image.bytes,
        }
    }

    pub(crate) fn try_run(self) -> Result<Outcome, ServiceError> {
        self.try_run_within(&PixelLimits::default())
    }

    /// Fails the test if a codec panics, which is an error like any other to a caller.
    pub(crate) fn try_run_within(self, limits: &PixelLimits) -> Result<Outcome, ServiceError> {
        run(self.0, limits).inspect_err(|error| assert!(!is_panic(error), "{error}"))
    }
}

pub(crate) fn output(format: Format) -> Output {
    Output {
        format,
        quality: None,
        background: None,
        frames: Frames::All,
        scan: None,
    }
}

/// A result to look at.
#[derive(PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

impl Pixels {
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        self.data[at..at + 4].try_into().unwrap()
    }

    /// Mean absolute difference of a channel.
    pub(crate) fn mean_error(&self, other: &[u8]) -> f64 {
        mean_error(&self.data, other)
    }
}

pub(crate) fn mean_error(ours: &[u8], theirs: &[u8]) -> f64 {
    assert_eq!(ours.len(), theirs.len(), "both have the same size");
    let sum: u64 = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / ours.len() as f64
}

/// Places an overlay by its distances from the left and the top edge, in pixels.
pub(crate) fn at(left: i32, top: i32) -> Draw {
    Draw {
        horizontal: Position::Start(left),
        vertical: Position::Start(top),
        ..Draw::default()
    }
}

/// A picture of one colour, as PNG; opaque colours give a picture without alpha channel.
pub(crate) fn plain(width: u32, height: u32, color: [u8; 4]) -> Vec<u8> {
    let channels = if color[3] == 255 {
        Channels::Rgb
    } else {
        Channels::Rgba
    };
    png(&Image::filled(Size::new(width, height), channels, color))
}

/// A picture with gradients, edges and, if it has alpha, every degree of transparency.
pub(crate) fn busy(width: u32, height: u32, channels: Channels) -> Image {
    let byte = |value: u32| u8::try_from(value % 256).unwrap();
    let data = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let edge = if (x / 8 + y / 8) % 2 == 0 { 60 } else { 0 };
            let pixel = [
                byte(x * 195 / width.max(1) + edge),
                byte(y * 195 / height.max(1) + edge),
                byte(200 - edge),
                byte(x * 3 + y * 5),
            ];
            pixel.into_iter().take(channels.count())
        })
        .collect();
    Image::new(Size::new(width, height), channels, data).unwrap()
}

/// Our own PNG, whose exactness the tests of the encoders prove.
pub(crate) fn png(image: &Image) -> Vec<u8> {
    encode(image, &output(Format::Png))
}

pub(crate) fn encode(image: &Image, output: &Output) -> Vec<u8> {
    use safelight_images::{deadline::Deadline, encode::encode, metadata::Metadata};
    let deadline = Deadline::new(Duration::MAX);
    let written = encode(
        image.clone().into(),
        output,
        &Metadata::default(),
        &deadline,
    );
    written.unwrap().bytes
}

/// A picture of any pixels, as PNG.
pub(crate) fn painted(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let data = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect();
    png(&Image::new(Size::new(width, height), Channels::Rgba, data).unwrap())
}

/// A picture as straight RGBA bytes.
pub(crate) fn rgba(image: &Image) -> Vec<u8> {
    image.clone().into_rgba().into_data()
}
