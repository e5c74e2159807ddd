//! From pixels to the bytes of the result.

mod avif;
mod choose;
mod gif;
mod jpeg;
mod palette;
pub(crate) mod png;
mod webp;

use safelight_protocol::{ErrorCode, Format};

pub(crate) use self::choose::{choose, wanted_frames};

use crate::{
    error::ServiceError,
    guard::guarded,
    image::Image,
    metadata::Metadata,
    ops,
    options::{Color, Frames, Output, Size},
    picture::Picture,
    pixel_deadline::Deadline,
};

/// Quality of lossy formats if the caller gave none.
const DEFAULT_QUALITY: u8 = 85;

/// The quality that means "without loss" where a format has such a mode.
const LOSSLESS: u8 = 100;

const WHITE: Color = Color {
    r: 255,
    g: 255,
    b: 255,
    a: 255,
};

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, or the raw pixels.
    pub bytes: Vec<u8>,
    /// Its format, which may be another than was asked for.
    pub format: Format,
    /// Why it is another: a text for a `Warning` header.
    pub warning: Option<String>,
}

/// The largest side of a result.
#[must_use]
pub fn largest_side(format: Format, max_dimension: u32) -> u32 {
    match format {
        // The format itself has 14 bits for each side.
        Format::Webp => webp::LARGEST_SIDE,
        Format::Jpeg | Format::Png | Format::Gif | Format::Avif | Format::Rgb | Format::Rgba => {
            max_dimension
        }
    }
}

/// How much of an animation the output keeps.
#[must_use]
pub const fn frames(output: &Output) -> Frames {
    match output.format {
        Format::Gif | Format::Webp => output.frames,
        Format::Jpeg | Format::Png | Format::Avif | Format::Rgb | Format::Rgba => Frames::First,
    }
}

/// Bytes that an encoder takes at its peak for every pixel of a frame, besides the picture: measured, and rounded up.
#[must_use]
pub(crate) const fn memory(format: Format, quality: Option<u8>) -> u64 {
    match (format, quality) {
        (Format::Rgb | Format::Rgba, _) => 4,
        (Format::Png, None | Some(LOSSLESS)) => 8,
        // Without alpha, coefficients and their codes.
        (Format::Jpeg, _) => 14,
        (Format::Webp, Some(LOSSLESS)) => 44,
        (Format::Webp, _) => 18,
        (Format::Png | Format::Gif, _) => 20,
        (Format::Avif, _) => 24,
    }
}

/// Encodes the finished picture.
///
/// Metadata policy, for every format at once: JPEG keeps the copyright notice, and all of EXIF where the caller asks for
/// it; nothing else survives. A photograph can give away where its owner lives.
pub fn encode(
    picture: Picture,
    output: &Output,
    metadata: &Metadata,
    deadline: &Deadline,
) -> Result<Written, ServiceError> {
    deadline.check()?;
    let (format, warning) = format_for(output.format, picture.size());
    let bytes = guarded(ErrorCode::EncodingFailed, format.as_str(), || {
        let picture = match output.background {
            Some(color) => picture.try_map(|image| Ok(ops::background(image, color)))?,
            None => picture,
        };
        bytes_of(picture, format, output, metadata, deadline)
    })?;
    Ok(Written {
        bytes,
        format,
        warning,
    })
}

/// The format asked for, or the one that stands in for it where it would take too long.
fn format_for(asked: Format, size: Size) -> (Format, Option<String>) {
    let longest = size.width.max(size.height);
    match asked {
        Format::Avif if longest > avif::LARGEST_SIDE => {
            let instead = if longest <= webp::LARGEST_SIDE {
                Format::Webp
            } else {
                Format::Jpeg
            };
            (instead, Some("image too large for AVIF".to_owned()))
        }
        Format::Jpeg
        | Format::Png
        | Format::Gif
        | Format::Webp
        | Format::Avif
        | Format::Rgb
        | Format::Rgba => (asked, None),
    }
}

fn bytes_of(
    picture: Picture,
    format: Format,
    output: &Output,
    metadata: &Metadata,
    deadline: &Deadline,
) -> Result<Vec<u8>, ServiceError> {
    let quality = output.quality.unwrap_or(DEFAULT_QUALITY).clamp(1, LOSSLESS);
    let keeps_frames = frames(output) == Frames::All && picture.is_animated();
    match format {
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

/// For formats without alpha: whatever still lets something through lies on white.
fn flattened(image: Image) -> Image {
    ops::background(image, WHITE)
}

fn failed(format: Format, size: Size, reason: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        ErrorCode::EncodingFailed,
        format!("could not encode {size} pixels as {format}: {reason}"),
    )
}

#[cfg(test)]
mod tests;
