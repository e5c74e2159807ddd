//! GIF: its frames, each put on the canvas that the one before has left.

mod blocks;

use std::num::NonZeroU64;

use gif::{
    ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, Frame, MemoryLimit, Repeat,
};

use super::{
    Exif, Fault, Frames, Header, Kind, Model, Raw, RawFrame, RawPicture, Samples,
    canvas::{Blend, Canvas, Patch},
    gate::Gate,
};
use crate::{budget::Budget, geometry::Size, image::Channels, picture::Plays};

pub(super) fn header(bytes: &[u8], gate: Gate<'_>) -> Result<Header, Fault> {
    let mut decoder = decoder(bytes)?;
    let stored = Size::new(decoder.width().into(), decoder.height().into());
    gate.size(stored)?;
    let frames = match gate.frames {
        Frames::All => blocks::count_frames(bytes, gate)?,
        Frames::First => 1,
    };
    // A frame may claim to be larger than its canvas.
    let frame = decoder
        .next_frame_info()
        .map_err(fault)?
        .ok_or_else(no_frame)?;
    gate.size(size_of(frame))?;
    Ok(Header {
        kind: Kind::Gif,
        stored,
        frames,
        channels: Channels::Rgba,
        // The canvas, the frame as indices and as colours, and what it covered.
        cost: 4 + 1 + 4 + 4,
        shrinks: false,
        icc: None,
        exif: Exif::default(),
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header, budget: Budget) -> Result<RawPicture, Fault> {
    let mut decoder = decoder(bytes)?;
    let mut canvas = Canvas::new(header.stored);
    let mut frames = Vec::with_capacity(header.frames as usize);
    let mut colors = Vec::new();
    let mut blend = Blend::Replace;
    loop {
        budget.check().map_err(Fault::Limit)?;
        let frame = decoder
            .next_frame_info()
            .map_err(fault)?
            .ok_or_else(no_frame)?
            .clone();
        colors.clear();
        colors.resize(size_of(&frame).bytes(Channels::Rgba), 0);
        decoder.read_into_buffer(&mut colors).map_err(fault)?;
        let saved = match frame.dispose {
            DisposalMethod::Previous => {
                Some(canvas.save(frame.left.into(), frame.top.into(), size_of(&frame)))
            }
            DisposalMethod::Any | DisposalMethod::Keep | DisposalMethod::Background => None,
        };
        canvas.put(&patch(&frame, &colors), blend);
        // Later frames show what lies below wherever they are transparent.
        blend = Blend::Visible;
        let delay = u32::from(frame.delay) * 10;
        if frames.len() + 1 >= header.frames as usize {
            frames.push(raw(header.stored, canvas.into_pixels(), delay));
            break;
        }
        frames.push(raw(header.stored, canvas.pixels().to_vec(), delay));
        match saved {
            Some(saved) => canvas.restore(&saved),
            None if frame.dispose == DisposalMethod::Background => {
                canvas.clear(frame.left.into(), frame.top.into(), size_of(&frame));
            }
            None => {}
        }
    }
    // Another frame or the end: without either the file is cut short.
    decoder.next_frame_info().map_err(fault)?;
    Ok(RawPicture {
        frames,
        plays: plays(decoder.repeat()),
    })
}

fn raw(size: Size, canvas: Vec<u8>, delay: u32) -> RawFrame {
    RawFrame {
        raw: Raw {
            size,
            model: Model::Rgba,
            samples: Samples::Eight(canvas),
        },
        delay,
    }
}

fn patch<'a>(frame: &Frame<'_>, pixels: &'a [u8]) -> Patch<'a> {
    Patch {
        left: frame.left.into(),
        top: frame.top.into(),
        size: size_of(frame),
        channels: Channels::Rgba,
        pixels,
    }
}

fn size_of(frame: &Frame<'_>) -> Size {
    Size::new(frame.width.into(), frame.height.into())
}

/// The file counts what comes after the first time.
fn plays(repeat: Repeat) -> Plays {
    match repeat {
        Repeat::Infinite => Plays::Forever,
        Repeat::Finite(again) => Plays::of(u32::from(again) + 1),
    }
}

fn decoder(bytes: &[u8]) -> Result<Decoder<&[u8]>, Fault> {
    /// Enough for the largest frame that passes the check of its area.
    const MEMORY: Option<NonZeroU64> = NonZeroU64::new(1 << 30);

    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MEMORY.map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    options.read_info(bytes).map_err(fault)
}

fn no_frame() -> Fault {
    Fault::broken("it has no frame")
}

fn fault(error: DecodingError) -> Fault {
    match error {
        DecodingError::Io(_) => Fault::broken("it is cut short"),
        error => Fault::broken(error),
    }
}
