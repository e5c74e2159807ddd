//! AVIF by rav1e, at a speed that suits a request.

use ravif::{AlphaColorMode, BitDepth, EncodedImage, Encoder, Img, RGB8, RGBA8};
use safelight_protocol::Format;

use super::failed;
use crate::{
    error::ServiceError,
    image::{Channels, Image},
};

/// The longest side of an AVIF in pixels. A larger picture takes too long, and is written in another format.
pub(super) const MAX_SIDE: u32 = 1600;

/// The speed of rav1e, from 1 (best quality) to 10 (fastest).
const SPEED: u8 = 9;

/// Encodes one picture, with its alpha.
pub(super) fn encode(image: &Image, quality: u8) -> Result<Vec<u8>, ServiceError> {
    let size = image.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let encoder = Encoder::new()
        .with_quality(f32::from(quality.clamp(1, 100)))
        .with_alpha_quality(f32::from(quality.clamp(1, 100)))
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Eight)
        // Colours under full transparency may disclose something, and cost bytes.
        .with_alpha_color_mode(AlphaColorMode::UnassociatedClean);
    let encoded = match image.channels() {
        Channels::Rgb => {
            let pixels: Vec<RGB8> = image
                .data()
                .chunks_exact(3)
                .map(|rgb| RGB8::new(rgb[0], rgb[1], rgb[2]))
                .collect();
            encoder.encode_rgb(Img::new(&pixels, width, height))
        }
        Channels::Rgba => {
            let pixels: Vec<RGBA8> = image
                .data()
                .chunks_exact(4)
                .map(|rgba| RGBA8::new(rgba[0], rgba[1], rgba[2], rgba[3]))
                .collect();
            encoder.encode_rgba(Img::new(&pixels, width, height))
        }
    };
    let EncodedImage { avif_file, .. } =
        encoded.map_err(|error| failed(Format::Avif, size, error))?;
    Ok(avif_file)
}
