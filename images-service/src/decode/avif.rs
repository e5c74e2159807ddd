//! AVIF: the still picture, with alpha, of 8, 10 or 12 bits.

mod av1;
mod yuv;

pub(super) use self::av1::serve;
use self::{av1::Coded, yuv::Meaning};
use super::{
    Options,
    error::Fault,
    gate::Gate,
    header::Header,
    heif::{Container, crop},
    raw::{Model, Raw, Samples},
    sniff::Kind,
};
use crate::image::Channels;

pub(super) fn header(bytes: &[u8], gate: Gate<'_>) -> Result<Header, Fault> {
    let container = Container::open(bytes)?;
    let header = container.header(Kind::Avif, &[b"av01"], gate)?;
    if crop(&container.props(container.primary())?).is_empty() {
        Ok(header)
    } else {
        Err(Fault::Unsupported("a crop of its own"))
    }
}

pub(super) fn pixels(bytes: &[u8], header: &Header, options: Options<'_>) -> Result<Raw, Fault> {
    let container = Container::open(bytes)?;
    let item = container.primary();
    let color = av1::decode(&container.data(item)?, header.stored, options)?;
    let meaning = Meaning::of(&color, container.props(item)?.nclx.as_ref())?;
    let mut samples = vec![0; header.channels.bytes(header.stored)];
    yuv::write_rgb(&color, meaning, header.channels, &mut samples);
    drop(color);

    let model = match header.channels {
        Channels::Rgb => Model::Rgb,
        Channels::Rgba => {
            write_alpha(&container, header, options, &mut samples)?;
            Model::Rgba
        }
    };
    Ok(Raw {
        size: header.stored,
        model,
        samples: Samples::Eight(samples),
    })
}

/// Alpha is a picture of its own, of which only the brightness counts.
fn write_alpha(
    container: &Container<'_>,
    header: &Header,
    options: Options<'_>,
    samples: &mut [u8],
) -> Result<(), Fault> {
    let item = container
        .alpha()?
        .ok_or_else(|| Fault::broken("its alpha is missing"))?;
    let alpha: Coded = av1::decode(&container.data(item)?, header.stored, options)?;
    yuv::write_alpha(&alpha, samples);
    Ok(())
}
