//! HEIC: one picture, or a grid of tiles.

use heic_rs::{DecodeOptions, PixelLayout, transform::apply_all};

use super::{
    error::Fault,
    gate::Gate,
    header::Header,
    heif::{Container, crop, fault, size_of},
    raw::{Model, Raw, Samples},
    sniff::Kind,
};
use crate::image::Channels;

pub(super) fn header(bytes: &[u8], gate: Gate<'_>) -> Result<Header, Fault> {
    Container::open(bytes)?.header(Kind::Heic, &[b"hvc1", b"hev1", b"grid"], gate)
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<Raw, Fault> {
    let (layout, model) = match header.channels {
        Channels::Rgb => (PixelLayout::Rgb8, Model::Rgb),
        Channels::Rgba => (PixelLayout::Rgba8, Model::Rgba),
    };
    let container = Container::open(bytes)?;
    let props = container.props(container.primary())?;
    let options = DecodeOptions {
        layout,
        max_pixels: Some(size_of(&props)?.area()),
        // It is turned upright where all formats are.
        apply_transforms: false,
        decode_alpha: true,
        strict: true,
        threads: Some(1),
    };
    let image = heic_rs::decode(bytes, &options).map_err(fault)?;
    let image = apply_all(image, crop(&props)).map_err(fault)?;
    if [image.width, image.height] != [header.stored.width, header.stored.height] {
        return Err(Fault::broken("it has another size than it claims"));
    }
    Ok(Raw {
        size: header.stored,
        model,
        samples: Samples::Eight(image.data),
    })
}
