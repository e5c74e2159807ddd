//! GIF: the first frame on its canvas.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit};

use super::{Exif, Fault, Header, Kind, Model, Raw, Samples};
use crate::{
    geometry::{Size, overlap},
    image::{Channels, Image},
};

pub(super) fn header(
    bytes: &[u8],
    within: impl Fn(Size) -> Result<(), Fault>,
) -> Result<Header, Fault> {
    let mut decoder = decoder(bytes)?;
    let stored = Size::new(decoder.width().into(), decoder.height().into());
    within(stored)?;
    // A frame may claim to be larger than its canvas.
    let frame = decoder
        .next_frame_info()
        .map_err(fault)?
        .ok_or_else(no_frame)?;
    within(Size::new(frame.width.into(), frame.height.into()))?;
    Ok(Header {
        kind: Kind::Gif,
        stored,
        channels: Channels::Rgba,
        // The frame, twice on its way to the canvas.
        cost: 4 + 4,
        icc: None,
        exif: Exif::default(),
    })
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<Raw, Fault> {
    let mut decoder = decoder(bytes)?;
    let frame = decoder
        .read_next_frame()
        .map_err(fault)?
        .ok_or_else(no_frame)?;
    let size = Size::new(frame.width.into(), frame.height.into());
    let (left, top) = (i64::from(frame.left), i64::from(frame.top));
    let frame = Image::new(size, Channels::Rgba, frame.buffer.to_vec())
        .ok_or_else(|| Fault::broken("its first frame is cut short"))?;
    // Another frame or the end: without either the file is cut short.
    decoder.next_frame_info().map_err(fault)?;
    let image = if size == header.stored && left == 0 && top == 0 {
        frame
    } else {
        on_canvas(&frame, header.stored, left, top)
    };
    Ok(Raw {
        model: Model::Rgba,
        samples: Samples::Eight(image.into_data()),
    })
}

/// Copies the frame onto a transparent canvas; what hangs over is cut.
fn on_canvas(frame: &Image, canvas: Size, left: i64, top: i64) -> Image {
    let mut image = Image::filled(canvas, Channels::Rgba, [0; 4]);
    let Some(overlap) = overlap(canvas, frame.size(), left, top) else {
        return image;
    };
    let (to, from) = (image.stride(), frame.stride());
    let bytes = overlap.part.size.width as usize * 4;
    for row in 0..overlap.part.size.height as usize {
        let source = (overlap.part.top as usize + row) * from + overlap.part.left as usize * 4;
        let target = (overlap.top as usize + row) * to + overlap.left as usize * 4;
        image.data_mut()[target..target + bytes]
            .copy_from_slice(&frame.data()[source..source + bytes]);
    }
    image
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
