//! Encodes a picture in its final format.

mod avif;
mod gif;
mod jpeg;
mod palette;
mod plan;
pub(crate) mod png;
mod webp;

use safelight_protocol::{ErrorCode, Format};

pub(crate) use self::plan::{Decision, EncodePlan};

use crate::{
    catch_panic::catch_panic,
    deadline::Deadline,
    error::ServiceError,
    image::Image,
    metadata::Metadata,
    ops,
    options::{Color, Frames, Output, Size},
    picture::Picture,
};

/// The quality of lossy formats if the request gives none.
const DEFAULT_QUALITY: u8 = 85;

/// The quality that selects the lossless mode of a format that has one.
const LOSSLESS: u8 = 100;

/// An encoded image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedImage {
    /// The file, or the raw pixels.
    pub bytes: Vec<u8>,
    /// The value of `content-type`.
    pub content_type: &'static str,
}

/// Encodes the finished picture.
///
/// One policy on metadata holds for every format: JPEG keeps the copyright notice, and EXIF if the request asks for it.
/// Nothing else is kept, because a photograph can give away where its owner lives.
///
/// # Errors
/// When the encoder fails, or the deadline has passed.
pub fn encode(
    picture: Picture,
    output: &Output,
    metadata: &Metadata,
    deadline: &Deadline,
) -> Result<EncodedImage, ServiceError> {
    deadline.check()?;
    let format = output.format;
    let bytes = catch_panic(ErrorCode::EncodingFailed, format.as_str(), || {
        let picture = match output.background {
            Some(color) => picture.try_map(|image| Ok(ops::background(image, color)))?,
            None => picture,
        };
        encode_as(picture, output, metadata, deadline)
    })?;
    Ok(EncodedImage {
        bytes,
        content_type: format.content_type(),
    })
}

fn encode_as(
    picture: Picture,
    output: &Output,
    metadata: &Metadata,
    deadline: &Deadline,
) -> Result<Vec<u8>, ServiceError> {
    let quality = output.quality.unwrap_or(DEFAULT_QUALITY).clamp(1, LOSSLESS);
    let keeps_frames = output.frames == Frames::All && picture.is_animated();
    match output.format {
        Format::Gif if keeps_frames => gif::encode(&picture, deadline),
        Format::Gif => gif::encode(&Picture::from(picture.into_first()), deadline),
        Format::Webp if keeps_frames => webp::animated(&picture, quality, deadline),
        Format::Webp => webp::still(picture.first(), quality),
        Format::Avif => avif::encode(picture.first(), quality),
        Format::Jpeg => {
            let image = flattened(picture.into_first());
            jpeg::encode(&image, quality, output.scan, metadata)
        }
        Format::Png => png::encode(picture.first(), output.quality),
        Format::Rgb => Ok(flattened(picture.into_first()).into_data()),
        Format::Rgba => Ok(picture.into_first().into_rgba().into_data()),
    }
}

/// Composes an image over white, for formats without alpha.
fn flattened(image: Image) -> Image {
    ops::background(image, Color::WHITE)
}

fn failed(format: Format, size: Size, reason: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        ErrorCode::EncodingFailed,
        format!("could not encode {size} pixels as {format}: {reason}"),
    )
}

#[cfg(test)]
mod tests;
