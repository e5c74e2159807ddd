//! The inputs of the stages, made from the photograph of the examples.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use safelight_images::{
    deadline::Deadline,
    decode::{self, DecodeLimits, Decoded, JpegDecoder, Options, Shrink},
    encode,
    image::{Channels, Image},
    metadata::Metadata,
    ops::Op,
    options::{Frames, Output, Rect, Size},
};
use safelight_protocol::{Format, extension::JpegScan};

use crate::Outcome;

/// The inputs of the stages.
pub(crate) struct Pictures {
    /// A JPEG of 12 megapixels.
    pub(crate) large: Bytes,
    /// The photograph at 2000 by 1500 pixels, opaque.
    pub(crate) photo: Image,
    /// The photograph with an alpha that grows from left to right.
    pub(crate) glass: Image,
    /// `glass` at 500 by 375 pixels.
    pub(crate) pane: Image,
}

impl Pictures {
    pub(crate) fn make() -> Outcome<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/thumbnail/photo.jpg");
        let large = Bytes::from(fs::read(path)?);
        let photo = resized(decoded(&large, Shrink::NONE)?, Size::new(2000, 1500))?;
        let glass = glass(photo.clone())?;
        Ok(Self {
            large,
            pane: resized(glass.clone(), Size::new(500, 375))?,
            photo,
            glass,
        })
    }
}

/// Decodes the first frame of a file.
pub(crate) fn decoded(file: &[u8], shrink: Shrink) -> Outcome<Image> {
    let header = decode::inspect(file, Frames::First, &DecodeLimits::default())?;
    let options = Options {
        shrink,
        jpeg: JpegDecoder::default(),
        deadline: &Deadline::new(Duration::MAX),
    };
    let Decoded { picture, .. } = decode::pixels(file, &header, options, Ok)?;
    Ok(picture.into_first())
}

/// Returns the output options of a stage.
pub(crate) fn output(format: Format, quality: Option<u8>, scan: Option<JpegScan>) -> Output {
    Output {
        format,
        quality,
        background: None,
        frames: Frames::All,
        scan,
    }
}

/// Encodes an image.
pub(crate) fn encoded(image: &Image, output: &Output) -> Outcome<Vec<u8>> {
    let deadline = Deadline::new(Duration::MAX);
    let written = encode::encode(
        image.clone().into(),
        output,
        &Metadata::default(),
        &deadline,
    )?;
    Ok(written.bytes)
}

/// Returns an op that resizes the whole image.
pub(crate) fn resize(size: Size) -> Op {
    Op::Resize {
        scaled: size,
        part: Rect::whole(size),
    }
}

fn resized(image: Image, size: Size) -> Outcome<Image> {
    Ok(resize(size).apply(image, safelight_images::Models::default())?)
}

fn glass(photo: Image) -> Outcome<Image> {
    let size = photo.size();
    let mut data = photo.into_rgba().into_data();
    let columns = (0..size.width).cycle();
    for (pixel, column) in data.chunks_exact_mut(4).zip(columns) {
        pixel[3] = u8::try_from(column * 255 / (size.width - 1))?;
    }
    Image::new(size, Channels::Rgba, data).ok_or_else(|| "four bytes a pixel".into())
}
