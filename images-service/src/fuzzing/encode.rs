//! An entry point to the encoders. libwebp, the only C code that sees the pixels of a request, is one of them.

use std::time::Duration;

use safelight_protocol::Format;

use super::accepted;
use crate::{
    deadline::Deadline,
    decode::{self, DecodeLimits, Options, Shrink},
    encode,
    error::ServiceError,
    image::{Channels, Image},
    metadata::Metadata,
    options::{Frames, Output, Size},
    picture::{Frame, LoopCount, Picture},
};

/// The longest side of a picture.
const MAX_SIDE: u8 = 64;
/// The longest side of an AVIF, whose encoder is slow.
const MAX_AVIF_SIDE: u8 = 16;

/// Encodes a picture, and decodes the result. Five bytes select format, quality, frames, width and height; the pixels
/// follow, and repeat themselves until there are enough.
pub fn encode(bytes: &[u8]) {
    let Some((&[format, quality, frames, width, height], pixels)) = bytes.split_first_chunk()
    else {
        return;
    };
    let format = Format::ALL[usize::from(format) % Format::ALL.len()];
    let side = |byte: u8| match format {
        Format::Avif => byte % MAX_AVIF_SIDE + 1,
        _ => byte % MAX_SIDE + 1,
    };
    let size = Size::new(side(width).into(), side(height).into());
    let Some(picture) = picture(size, frames, pixels) else {
        return;
    };
    let output = Output {
        format,
        // Without quality, PNG has no loss; with the highest one, WebP has none.
        quality: (quality > 0).then_some(quality % 100 + 1),
        background: None,
        frames: Frames::All,
        scan: None,
    };
    let deadline = Deadline::new(Duration::MAX);
    let encoded = encode::encode(picture.clone(), &output, &Metadata::default(), &deadline);
    let Some(file) = accepted(encoded) else {
        return;
    };
    if matches!(format, Format::Rgb | Format::Rgba) {
        return;
    }
    let decoded = decode(&file.bytes, &deadline);
    assert!(decoded.is_ok(), "{decoded:?}");
    let Ok(decoded) = decoded else { return };
    assert_eq!(decoded.size(), size);
    if is_lossless(&output) && !picture.is_animated() {
        let decoded = decoded.into_first().into_rgba();
        assert!(
            decoded == picture.into_first().into_rgba(),
            "pixels are lost"
        );
    }
}

fn decode(file: &[u8], deadline: &Deadline) -> Result<Picture, ServiceError> {
    let limits = DecodeLimits::default();
    let header = decode::inspect(file, Frames::All, &limits)?;
    let options = Options {
        shrink: Shrink::NONE,
        jpeg: limits.jpeg,
        deadline,
    };
    Ok(decode::pixels(file, &header, options, Ok)?.picture)
}

fn is_lossless(output: &Output) -> bool {
    match output.format {
        Format::Png => output.quality.is_none_or(|quality| quality == 100),
        Format::Webp => output.quality == Some(100),
        Format::Jpeg | Format::Gif | Format::Avif | Format::Rgb | Format::Rgba => false,
    }
}

/// Makes a picture of one to four frames, with alpha for an odd number of them.
fn picture(size: Size, frames: u8, pixels: &[u8]) -> Option<Picture> {
    let pixels = match pixels {
        [] => &[0],
        pixels => pixels,
    };
    let channels = match frames & 1 {
        0 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let length = channels.bytes(size);
    let frames = (0..=usize::from(frames / 2 % 4)).map(|number| {
        let data = pixels.iter().copied().cycle();
        let data = data.skip(number * length % pixels.len()).take(length);
        let image = Image::new(size, channels, data.collect())?;
        let delay = u32::from(pixels[number % pixels.len()]);
        Some(Frame { image, delay })
    });
    Picture::animation(frames.collect::<Option<_>>()?, LoopCount::default())
}
