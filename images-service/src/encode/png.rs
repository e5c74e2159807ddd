//! PNG: true colour without loss.

use png::{BitDepth, ColorType, Compression, Encoder};
use safelight_protocol::Format;

use super::failed;
use crate::{
    error::ServiceError,
    image::{Channels, Image},
};

/// Encodes a picture; alpha stays if it has any.
pub(super) fn encode(image: &Image) -> Result<Vec<u8>, ServiceError> {
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
