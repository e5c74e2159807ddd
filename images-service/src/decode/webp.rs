//! WebP: lossy, lossless and animated.

mod chunks;

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use self::chunks::{Animation, AnimationFrame};
use super::{
    canvas::{Canvas, Patch, Pixels},
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    limits::MAX_CHUNK_BYTES,
    raw::{RawFrame, RawImage, SampleBuffer},
    sniff::Kind,
};
use crate::{image::Channels, metadata::Exif, options::Size, picture::LoopCount};

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let mut decoder = checked_decoder(bytes)?;
    let stored = size_of(&decoder);
    limits.check_size(stored)?;
    let frames = if decoder.is_animated() {
        chunks::count_frames(bytes, stored, limits)?
    } else {
        1
    };
    Ok(Header {
        kind: Kind::Webp,
        stored,
        frames,
        channels: channels(&decoder),
        // The planes or the lossless samples, a second picture while the colours are converted, and a canvas.
        memory: stored
            .area()
            .saturating_mul(if decoder.is_animated() { 12 } else { 8 }),
        shrinks: false,
        icc: decoder.icc_profile().map_err(decode_error)?,
        exif: Exif::read(decoder.exif_metadata().map_err(decode_error)?),
    })
}

/// A decoded picture, or an animation before its first frame.
pub(super) enum Opened<'a> {
    Still(RawImage),
    Animation(WebpFrames<'a>),
}

/// Decodes the picture, or finds the frames of an animation.
pub(super) fn open<'a>(bytes: &'a [u8], header: &Header) -> Result<Opened<'a>, DecodeError> {
    let mut decoder = checked_decoder(bytes)?;
    if decoder.is_animated() {
        let animation = chunks::animation(bytes, header.stored, header.frames)?;
        return Ok(Opened::Animation(WebpFrames::new(animation, header)));
    }
    let mut data = Vec::new();
    let channels = read(&mut decoder, header.stored, &mut data)?;
    Ok(Opened::Still(RawImage {
        size: header.stored,
        model: channels.into(),
        samples: SampleBuffer::Eight(data),
    }))
}

/// The frames of an animation. Each is put on the canvas that the frame before has left.
pub(super) struct WebpFrames<'a> {
    frames: std::vec::IntoIter<AnimationFrame<'a>>,
    pub(super) loop_count: LoopCount,
    canvas: Canvas,
    /// Whether the file claims to have no alpha.
    opaque: bool,
    /// The frame whose area is cleared before the next frame.
    cleared: Option<AnimationFrame<'a>>,
    file: Vec<u8>,
    colors: Vec<u8>,
}

impl<'a> WebpFrames<'a> {
    fn new(animation: Animation<'a>, header: &Header) -> Self {
        Self {
            frames: animation.frames.into_iter(),
            loop_count: animation.loop_count,
            canvas: Canvas::new(header.stored),
            opaque: header.channels == Channels::Rgb,
            cleared: None,
            file: Vec::new(),
            colors: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<RawFrame>, DecodeError> {
        let Some(frame) = self.frames.next() else {
            return Ok(None);
        };
        if let Some(before) = self.cleared.take() {
            self.canvas
                .clear(before.left.into(), before.top.into(), before.size);
        }
        frame.write_file(&mut self.file);
        let channels = read(&mut new_decoder(&self.file)?, frame.size, &mut self.colors)?;
        let patch = Patch {
            left: frame.left.into(),
            top: frame.top.into(),
            size: frame.size,
            pixels: match channels {
                Channels::Rgb => Pixels::Rgb(&self.colors),
                Channels::Rgba => Pixels::Rgba(&self.colors),
            },
        };
        self.canvas.put(&patch, frame.blend);
        let shown = self.canvas.image();
        // Frames may leave parts of the canvas transparent, whatever the file claims.
        let image = match self.opaque && shown.is_opaque() {
            true => shown.clone().into_rgb(),
            false => shown.clone(),
        };
        let delay = frame.delay;
        self.cleared = frame.cleared.then_some(frame);
        Ok(Some(RawFrame::new(image, delay)))
    }
}

/// Decodes one picture into a buffer that may be used again.
fn read(
    decoder: &mut WebPDecoder<Cursor<&[u8]>>,
    size: Size,
    data: &mut Vec<u8>,
) -> Result<Channels, DecodeError> {
    let channels = channels(decoder);
    let length = channels.bytes(size);
    if size_of(decoder) != size || decoder.output_buffer_size() != Some(length) {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    data.clear();
    data.resize(length, 0);
    decoder.read_image(data).map_err(decode_error)?;
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

fn checked_decoder(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, DecodeError> {
    chunks::check_complete(bytes)?;
    new_decoder(bytes)
}

fn new_decoder(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, DecodeError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(decode_error)?;
    decoder.set_memory_limit(MAX_CHUNK_BYTES);
    Ok(decoder)
}

fn decode_error(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(_) => DecodeError::broken("it is cut short"),
        error => DecodeError::broken(error),
    }
}
