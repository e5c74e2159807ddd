//! PNG: true colour without loss.

use png::{BitDepth, ColorType, Compression, Encoder};
use safelight_protocol::{ErrorCode, Format};

use super::{LOSSLESS, failed};
use crate::{
    error::ServiceError,
    image::{Channels, Image},
};

/// Encodes a picture; alpha stays if it has any.
pub(super) fn encode(image: &Image, quality: u8) -> Result<Vec<u8>, ServiceError> {
    if quality != LOSSLESS {
        return Err(ServiceError::new(
            ErrorCode::BadRequest,
            "output_quality below 100 is not supported for image/png",
        ));
    }
    let size = image.size();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(match image.channels() {
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(image.data())?;
            writer.finish()
        })
        .map_err(|error| failed(Format::Png, size, error))?;
    Ok(bytes)
}
