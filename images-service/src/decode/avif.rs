//! AVIF: the still picture, with alpha, at 8, 10 or 12 bits.

mod av1;
mod yuv;

use self::{av1::CodedImage, yuv::ColorDescription};
use super::{
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    heif::{Container, crop},
    raw::{RawImage, SampleBuffer},
    sniff::Kind,
};
use crate::image::Channels;

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let container = Container::open(bytes)?;
    let header = container.header(Kind::Avif, &[b"av01"], limits)?;
    if crop(&container.props(container.primary())?).is_empty() {
        Ok(header)
    } else {
        Err(DecodeError::Unsupported("a crop of its own"))
    }
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RawImage, DecodeError> {
    let container = Container::open(bytes)?;
    let item = container.primary();
    let color = av1::decode(&container.data(item)?, header.stored)?;
    let description = ColorDescription::new(&color, container.props(item)?.nclx.as_ref())?;
    let mut samples = vec![0; header.channels.bytes(header.stored)];
    yuv::write_rgb(&color, description, header.channels, &mut samples);
    drop(color);

    if header.channels == Channels::Rgba {
        write_alpha(&container, header, &mut samples)?;
    }
    Ok(RawImage {
        size: header.stored,
        model: header.channels.into(),
        samples: SampleBuffer::Eight(samples),
    })
}

/// Decodes the alpha item, a picture of its own, and writes its luma into the alpha channel.
fn write_alpha(
    container: &Container<'_>,
    header: &Header,
    samples: &mut [u8],
) -> Result<(), DecodeError> {
    let item = container
        .alpha()?
        .ok_or_else(|| DecodeError::broken("its alpha is missing"))?;
    let alpha: CodedImage = av1::decode(&container.data(item)?, header.stored)?;
    yuv::write_alpha(&alpha, samples);
    Ok(())
}
