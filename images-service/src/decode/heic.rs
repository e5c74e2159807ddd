//! HEIC: one picture, or a grid of tiles.

mod coded;
mod sps;

use heic_rs::{DecodeOptions, PixelLayout, transform::apply_all};

use super::{
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    heif::{Container, crop, decode_error, size_of},
    raw::{RawImage, SampleBuffer},
    sniff::Kind,
};
use crate::image::Channels;

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let container = Container::open(bytes)?;
    let header = container.header(Kind::Heic, &[b"hvc1", b"hev1", b"grid"], limits)?;
    Ok(Header {
        memory: coded::memory(&container, header.stored, limits)?,
        ..header
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RawImage, DecodeError> {
    let layout = match header.channels {
        Channels::Rgb => PixelLayout::Rgb8,
        Channels::Rgba => PixelLayout::Rgba8,
    };
    let container = Container::open(bytes)?;
    let props = container.props(container.primary())?;
    let options = DecodeOptions {
        layout,
        max_pixels: Some(size_of(&props)?.area()),
        // `upright` applies the orientation, as for all formats.
        apply_transforms: false,
        decode_alpha: true,
        strict: true,
        threads: Some(1),
    };
    let image = heic_rs::decode(bytes, &options).map_err(decode_error)?;
    let image = apply_all(image, crop(&props)).map_err(decode_error)?;
    if [image.width, image.height] != [header.stored.width, header.stored.height] {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    Ok(RawImage {
        size: header.stored,
        model: header.channels.into(),
        samples: SampleBuffer::Eight(image.data),
    })
}
