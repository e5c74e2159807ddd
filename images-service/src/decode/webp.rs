//! WebP: lossy and lossless; of an animation the first frame.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Exif, Fault, Header, Kind, Model, Raw, Samples};
use crate::{geometry::Size, image::Channels};

/// Bytes for chunks besides the pixels.
const SIDE_MEMORY: usize = 64 << 20;

pub(super) fn header(
    bytes: &[u8],
    within: impl Fn(Size) -> Result<(), Fault>,
) -> Result<Header, Fault> {
    let mut decoder = decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    let stored = Size::new(width, height);
    within(stored)?;
    let channels = match decoder.has_alpha() {
        true => Channels::Rgba,
        false => Channels::Rgb,
    };
    Ok(Header {
        kind: Kind::Webp,
        stored,
        channels,
        // The planes or the lossless samples, and a second picture while colours are converted.
        cost: 4 + 4,
        icc: decoder.icc_profile().map_err(fault)?,
        exif: Exif::read(decoder.exif_metadata().map_err(fault)?),
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<Raw, Fault> {
    let mut decoder = decoder(bytes)?;
    let model = match header.channels {
        Channels::Rgb => Model::Rgb,
        Channels::Rgba => Model::Rgba,
    };
    let length = header.stored.bytes(header.channels);
    if decoder.output_buffer_size() != Some(length) {
        return Err(Fault::broken("it has another size than it claims"));
    }
    let mut data = vec![0; length];
    if decoder.is_animated() {
        decoder.read_frame(&mut data).map_err(fault)?;
    } else {
        decoder.read_image(&mut data).map_err(fault)?;
    }
    Ok(Raw {
        model,
        samples: Samples::Eight(data),
    })
}

fn decoder(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, Fault> {
    check_complete(bytes)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(fault)?;
    decoder.set_memory_limit(SIDE_MEMORY);
    Ok(decoder)
}

/// The container says how long it is; a file with fewer bytes is cut short, whatever of it can be decoded.
fn check_complete(bytes: &[u8]) -> Result<(), Fault> {
    let claimed = bytes
        .get(4..8)
        .and_then(|length| length.first_chunk::<4>())
        .map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
    if (bytes.len() as u64) < claimed.saturating_add(8) {
        return Err(Fault::broken("it is cut short"));
    }
    Ok(())
}

fn fault(error: DecodingError) -> Fault {
    match error {
        DecodingError::IoError(_) => Fault::broken("it is cut short"),
        error => Fault::broken(error),
    }
}
