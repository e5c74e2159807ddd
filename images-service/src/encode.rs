//! From pixels to the bytes of the result.

mod choose;
mod jpeg;
mod png;
mod webp;

use safelight_protocol::{ErrorCode, Format};

pub(crate) use self::choose::choose;

use crate::{
    decode::Metadata,
    error::ServiceError,
    geometry::Size,
    image::Image,
    limits::Limits,
    ops,
    request::{Color, Output},
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

/// Refuses what no encoder here can write, before any pixel is paid for.
pub fn check(output: &Output) -> Result<(), ServiceError> {
    match output.format {
        Format::Png if output.quality.is_some_and(|quality| quality != LOSSLESS) => {
            Err(ServiceError::new(
                ErrorCode::BadRequest,
                "output_quality below 100 is not supported for image/png",
            ))
        }
        Format::Jpeg | Format::Png | Format::Webp | Format::Rgb | Format::Rgba => Ok(()),
        Format::Gif | Format::Avif => Err(ServiceError::new(
            ErrorCode::BadRequest,
            format!("output format {} is not supported", output.format),
        )),
    }
}

/// The largest side of a result.
#[must_use]
pub fn largest_side(format: Format, limits: &Limits) -> u32 {
    match format {
        // The format itself has 14 bits for each side.
        Format::Webp => webp::LARGEST_SIDE,
        Format::Jpeg | Format::Png | Format::Gif | Format::Avif | Format::Rgb | Format::Rgba => {
            limits.dimension
        }
    }
}

/// Encodes the finished picture.
///
/// Metadata policy, for every format at once: JPEG keeps the copyright notice, nothing else survives. A photograph
/// can give away where its owner lives.
pub fn encode(image: Image, output: &Output, metadata: &Metadata) -> Result<Vec<u8>, ServiceError> {
    check(output)?;
    let image = match output.background {
        Some(color) => ops::background(image, color),
        None => image,
    };
    let quality = output.quality.unwrap_or(DEFAULT_QUALITY).clamp(1, 100);
    match output.format {
        Format::Jpeg => jpeg::encode(&flattened(image), quality, metadata.copyright.as_deref()),
        Format::Png => png::encode(&image),
        Format::Webp if quality == LOSSLESS => webp::lossless(&image),
        Format::Webp => webp::lossy(&image, quality),
        Format::Rgb => Ok(flattened(image).into_data()),
        Format::Rgba => Ok(image.into_rgba().into_data()),
        format @ (Format::Gif | Format::Avif) => Err(failed(format, image.size(), "no encoder")),
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
