//! GIF frames, composed on a canvas by their disposal methods.

mod blocks;

use std::num::NonZeroU64;

use gif::{
    ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, Frame, MemoryLimit, Repeat,
};

use self::blocks::FrameCount;
use super::{
    canvas::{Blend, Canvas, Patch, Pixels},
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    raw::RawFrame,
    sniff::Kind,
};
use crate::{
    image::Channels,
    metadata::Exif,
    options::{Frames, Size},
    picture::LoopCount,
};

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let mut decoder = decoder(bytes)?;
    let stored = Size::new(decoder.width().into(), decoder.height().into());
    limits.check_size(stored)?;
    let mut blocks = match limits.frames {
        Frames::All => blocks::count_frames(bytes, limits)?,
        Frames::First => FrameCount {
            frames: 1,
            largest: 0,
        },
    };
    // A frame may claim to be larger than its canvas.
    let frame = decoder
        .next_frame_info()
        .map_err(decode_error)?
        .ok_or_else(no_frame)?;
    limits.check_size(size_of(frame))?;
    blocks.largest = blocks.largest.max(size_of(frame).area());
    Ok(Header {
        kind: Kind::Gif,
        stored,
        frames: blocks.frames,
        channels: Channels::Rgba,
        // The canvas, the saved area, and the canvas as it is shown; and the indices of the largest frame.
        memory: stored
            .area()
            .saturating_mul(4 + 4 + 4)
            .saturating_add(blocks.largest),
        shrinks: false,
        icc: None,
        exif: Exif::default(),
    })
}

/// The frames of a file, one after the other.
pub(super) struct GifFrames<'a> {
    decoder: Decoder<&'a [u8]>,
    canvas: Canvas,
    indices: Vec<u8>,
    blend: Blend,
    /// The number of frames that are still to come.
    left: u32,
}

impl<'a> GifFrames<'a> {
    pub(super) fn new(bytes: &'a [u8], header: &Header) -> Result<Self, DecodeError> {
        Ok(Self {
            decoder: decoder(bytes)?,
            canvas: Canvas::new(header.stored),
            indices: Vec::new(),
            blend: Blend::Replace,
            left: header.frames,
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<RawFrame>, DecodeError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let frame = self
            .decoder
            .next_frame_info()
            .map_err(decode_error)?
            .ok_or_else(no_frame)?
            .clone();
        self.indices.clear();
        self.indices.resize(size_of(&frame).pixels(), 0);
        self.decoder
            .read_into_buffer(&mut self.indices)
            .map_err(decode_error)?;
        let (x, y, size) = (frame.left.into(), frame.top.into(), size_of(&frame));
        let saved = match frame.dispose {
            DisposalMethod::Previous => Some(self.canvas.save(x, y, size)),
            DisposalMethod::Any | DisposalMethod::Keep | DisposalMethod::Background => None,
        };
        let patch = Patch {
            left: x,
            top: y,
            size,
            pixels: Pixels::Indexed(&self.indices, &self.colors(frame.transparent)?),
        };
        self.canvas.put(&patch, self.blend);
        // A transparent pixel of a later frame shows the canvas below.
        self.blend = Blend::Visible;
        let delay = u32::from(frame.delay) * 10;
        if left == 0 {
            // Another frame or the trailer must follow; without either the file is cut short.
            self.decoder.next_frame_info().map_err(decode_error)?;
            self.indices = Vec::new();
            return Ok(Some(RawFrame::new(self.canvas.take(), delay)));
        }
        let shown = RawFrame::new(self.canvas.image().clone(), delay);
        match saved {
            Some(saved) => self.canvas.restore(&saved),
            None if frame.dispose == DisposalMethod::Background => self.canvas.clear(x, y, size),
            None => {}
        }
        Ok(Some(shown))
    }

    /// Returns the colour of each index in the current frame. An index without a colour is transparent.
    fn colors(&self, transparent: Option<u8>) -> Result<[[u8; 4]; 256], DecodeError> {
        let mut colors = [[0; 4]; 256];
        let palette = self.decoder.palette().map_err(decode_error)?;
        for (color, rgb) in colors.iter_mut().zip(palette.as_chunks::<3>().0) {
            let [r, g, b] = *rgb;
            *color = [r, g, b, 255];
        }
        if let Some(transparent) = transparent {
            colors[usize::from(transparent)][3] = 0;
        }
        Ok(colors)
    }

    /// Returns the number of plays, which is known once all frames are read.
    pub(super) fn loop_count(&self) -> LoopCount {
        loop_count(self.decoder.repeat())
    }
}

fn size_of(frame: &Frame<'_>) -> Size {
    Size::new(frame.width.into(), frame.height.into())
}

/// Converts the stored number, which does not count the first play.
fn loop_count(repeat: Repeat) -> LoopCount {
    match repeat {
        Repeat::Infinite => LoopCount::Infinite,
        Repeat::Finite(again) => LoopCount::from_times(u32::from(again) + 1),
    }
}

fn decoder(bytes: &[u8]) -> Result<Decoder<&[u8]>, DecodeError> {
    /// Enough for the largest frame that passes the check of its area.
    const MAX_MEMORY: Option<NonZeroU64> = NonZeroU64::new(1 << 30);

    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MAX_MEMORY.map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    options.read_info(bytes).map_err(decode_error)
}

fn no_frame() -> DecodeError {
    DecodeError::broken("it has no frame")
}

fn decode_error(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::Io(_) => DecodeError::broken("it is cut short"),
        error => DecodeError::broken(error),
    }
}
