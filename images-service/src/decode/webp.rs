//! WebP: lossy, lossless and animated.

mod chunks;

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use self::chunks::{Animation, AnimationFrame};
use super::{
    Exif, Fault, Header, Kind, Model, Raw, RawFrame, RawPicture, Samples,
    canvas::{Canvas, Patch},
    gate::Gate,
};
use crate::{budget::Budget, geometry::Size, image::Channels};

/// Bytes for chunks besides the pixels.
const SIDE_MEMORY: usize = 64 << 20;

pub(super) fn header(bytes: &[u8], gate: Gate<'_>) -> Result<Header, Fault> {
    let mut decoder = decoder(bytes)?;
    let stored = size_of(&decoder);
    gate.size(stored)?;
    let frames = if decoder.is_animated() {
        chunks::count_frames(bytes, stored, gate)?
    } else {
        1
    };
    Ok(Header {
        kind: Kind::Webp,
        stored,
        frames,
        channels: channels(&decoder),
        // The planes or the lossless samples, a second picture while colours are converted, and a canvas.
        cost: if decoder.is_animated() { 12 } else { 8 },
        shrinks: false,
        icc: decoder.icc_profile().map_err(fault)?,
        exif: Exif::read(decoder.exif_metadata().map_err(fault)?),
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header, budget: Budget) -> Result<RawPicture, Fault> {
    let mut decoder = decoder(bytes)?;
    if decoder.is_animated() {
        let animation = chunks::animation(bytes, header.stored, header.frames)?;
        return animated(animation, header, budget);
    }
    let mut data = Vec::new();
    let channels = read(&mut decoder, header.stored, &mut data)?;
    Ok(RawPicture::still(Raw {
        size: header.stored,
        model: model(channels),
        samples: Samples::Eight(data),
    }))
}

/// Every frame is put on the canvas that the one before has left.
fn animated(
    animation: Animation<'_>,
    header: &Header,
    budget: Budget,
) -> Result<RawPicture, Fault> {
    let mut canvas = Canvas::new(header.stored);
    let (mut file, mut colors) = (Vec::new(), Vec::new());
    let mut frames = Vec::with_capacity(animation.frames.len());
    let mut cleared: Option<AnimationFrame<'_>> = None;
    for frame in animation.frames {
        budget.check().map_err(Fault::Limit)?;
        if let Some(before) = cleared.take() {
            canvas.clear(before.left.into(), before.top.into(), before.size);
        }
        frame.write_file(&mut file);
        let channels = read(&mut decoder_of(&file)?, frame.size, &mut colors)?;
        let patch = Patch {
            left: frame.left.into(),
            top: frame.top.into(),
            size: frame.size,
            channels,
            pixels: &colors,
        };
        canvas.put(&patch, frame.blend);
        frames.push(RawFrame {
            raw: canvas_as(header, canvas.pixels()),
            delay: frame.delay,
        });
        cleared = frame.cleared.then_some(frame);
    }
    Ok(RawPicture {
        frames,
        plays: animation.plays,
    })
}

/// A file may say that it has no alpha; where its frames leave holes it has some all the same.
fn canvas_as(header: &Header, canvas: &[u8]) -> Raw {
    let opaque = || canvas.chunks_exact(4).all(|pixel| pixel[3] == 255);
    let (model, data) = match header.channels {
        Channels::Rgb if opaque() => (
            Model::Rgb,
            canvas
                .chunks_exact(4)
                .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                .collect(),
        ),
        Channels::Rgb | Channels::Rgba => (Model::Rgba, canvas.to_vec()),
    };
    Raw {
        size: header.stored,
        model,
        samples: Samples::Eight(data),
    }
}

/// Decodes one picture into a buffer that may serve several.
fn read(
    decoder: &mut WebPDecoder<Cursor<&[u8]>>,
    size: Size,
    data: &mut Vec<u8>,
) -> Result<Channels, Fault> {
    let channels = channels(decoder);
    let length = size.bytes(channels);
    if size_of(decoder) != size || decoder.output_buffer_size() != Some(length) {
        return Err(Fault::broken("it has another size than it claims"));
    }
    data.clear();
    data.resize(length, 0);
    decoder.read_image(data).map_err(fault)?;
    Ok(channels)
}

fn size_of(decoder: &WebPDecoder<Cursor<&[u8]>>) -> Size {
    let (width, height) = decoder.dimensions();
    Size::new(width, height)
}

fn channels(decoder: &WebPDecoder<Cursor<&[u8]>>) -> Channels {
    match decoder.has_alpha() {
        true => Channels::Rgba,
        false => Channels::Rgb,
    }
}

const fn model(channels: Channels) -> Model {
    match channels {
        Channels::Rgb => Model::Rgb,
        Channels::Rgba => Model::Rgba,
    }
}

fn decoder(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, Fault> {
    chunks::check_complete(bytes)?;
    decoder_of(bytes)
}

fn decoder_of(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, Fault> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(fault)?;
    decoder.set_memory_limit(SIDE_MEMORY);
    Ok(decoder)
}

fn fault(error: DecodingError) -> Fault {
    match error {
        DecodingError::IoError(_) => Fault::broken("it is cut short"),
        error => Fault::broken(error),
    }
}
