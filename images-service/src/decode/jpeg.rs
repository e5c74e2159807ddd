//! JPEG: baseline and progressive; grey, colour and CMYK.

mod markers;

use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use self::markers::{Coding, Frame};
use super::{Exif, Fault, Header, Kind, Model, Raw, Samples, gate::Gate};
use crate::image::Channels;

pub(super) fn header(bytes: &[u8], gate: Gate<'_>) -> Result<Header, Fault> {
    let frame = markers::frame(bytes)?;
    gate.size(frame.size)?;
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(Fault::broken)?;
    Ok(Header {
        kind: Kind::Jpeg,
        stored: frame.size,
        frames: 1,
        channels: Channels::Rgb,
        cost: cost(&frame),
        icc: decoder.icc_profile(),
        exif: Exif::read(decoder.exif().cloned()),
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<Raw, Fault> {
    markers::check_complete(bytes)?;
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(Fault::broken)?;
    let input = decoder.input_colorspace();
    let (model, delivered) = match input {
        Some(ColorSpace::Luma) => (Model::Gray, ColorSpace::Luma),
        Some(ColorSpace::CMYK) => (Model::Cmyk, ColorSpace::CMYK),
        Some(ColorSpace::YCCK) => (Model::Cmyk, ColorSpace::YCCK),
        _ => (Model::Rgb, ColorSpace::RGB),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(delivered));
    let mut samples = decoder.decode().map_err(Fault::broken)?;
    if delivered == ColorSpace::YCCK {
        ycck_to_cmyk(&mut samples);
    }
    if samples.len() != header.stored.pixels() * delivered.num_components() {
        return Err(Fault::broken("it has another size than it claims"));
    }
    Ok(Raw {
        model,
        samples: Samples::Eight(samples),
    })
}

fn decoder(bytes: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    JpegDecoder::new_with_options(ZCursor::new(bytes), options())
}

fn options() -> DecoderOptions {
    DecoderOptions::default()
        // Otherwise the decoder fills what it cannot read with grey. It still does (0.5) where a scan has fewer codes
        // than its picture needs and a marker follows, which a file that is merely cut short cannot have.
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
}

/// Bytes for every pixel: a second picture while colours are converted, and for progressive files all coefficients.
const fn cost(frame: &Frame) -> u64 {
    let samples = frame.components as u64;
    match frame.coding {
        Coding::Sequential => 4,
        Coding::Progressive => 4 + samples * 2,
    }
}

/// Colour and ink: the three colour channels become the paper's share of their complements.
fn ycck_to_cmyk(samples: &mut [u8]) {
    for pixel in samples.chunks_exact_mut(4) {
        let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ];
        for (channel, value) in pixel.iter_mut().zip(rgb) {
            *channel = 255 - to_byte(value);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}
