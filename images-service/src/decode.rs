//! From encoded bytes to upright sRGB pixels: sniff, read the header, check the limits, decode, convert, turn.
//!
//! Decoding is strict: a file that is broken or cut short is an error, never half a picture.

mod avif;
mod canvas;
mod color;
mod credentials;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz_hooks;
mod gif;
mod header;
mod header_limits;
mod heic;
mod heif;
mod jpeg;
mod limits;
mod png;
mod raw;
mod shrink;
mod sniff;
mod source;
mod webp;

use std::io;

use safelight_protocol::{ErrorCode, ImageInfo, info::RasterInfo};

pub(crate) use self::sniff::SVG;
use self::{
    color::ToSrgb,
    error::{DecodeError, not_an_image},
    header_limits::HeaderLimits,
    raw::RawFrame,
    sniff::{Kind, Sniffed},
    source::Source,
};
pub use self::{
    header::Header,
    limits::{Av1Decoder, DecodeLimits, JpegDecoder},
    shrink::Shrink,
};
use crate::{
    catch_panic::catch_panic,
    deadline::Deadline,
    error::ServiceError,
    image::Image,
    metadata::{Exif, orientation},
    options::{Frames, Size},
    picture::{Frame, Picture},
};

/// A decoded picture.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The upright picture.
    pub picture: Picture,
    /// What could not be honoured: a text for a `Warning` header.
    pub warning: Option<String>,
}

/// Whether a file is SVG, which has no pixels.
pub(crate) fn is_svg(bytes: &[u8]) -> bool {
    sniff::sniff(bytes) == Sniffed::Svg
}

/// What an image is, without decoding its pixels.
pub fn info(bytes: &[u8], limits: &DecodeLimits) -> Result<ImageInfo, ServiceError> {
    if is_svg(bytes) {
        return Ok(ImageInfo {
            format: SVG.to_owned(),
            raster: None,
        });
    }
    let header = inspect(bytes, Frames::First, limits)?;
    let Size { width, height } = header.size();
    Ok(ImageInfo {
        format: header.format().to_owned(),
        raster: Some(RasterInfo {
            file_size: bytes.len() as u64,
            width,
            height,
        }),
    })
}

/// How an image is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// How small it may come out.
    pub shrink: Shrink,
    /// Which decoder reads JPEG.
    pub jpeg: JpegDecoder,
    /// Where AV1 is decoded.
    pub av1: &'a Av1Decoder,
    /// Bytes that a process of its own may take.
    pub memory: u64,
    /// When it has to end.
    pub deadline: &'a Deadline,
}

/// Reads the header and checks its claims; no memory for pixels is taken.
pub fn inspect(
    bytes: &[u8],
    frames: Frames,
    limits: &DecodeLimits,
) -> Result<Header, ServiceError> {
    let kind = kind(bytes, limits)?;
    let limits = HeaderLimits { limits, frames };
    let read = || match kind {
        Kind::Jpeg => jpeg::header(bytes, limits),
        Kind::Png => png::header(bytes, limits),
        Kind::Webp => webp::header(bytes, limits),
        Kind::Gif => gif::header(bytes, limits),
        Kind::Avif => avif::header(bytes, limits),
        Kind::Heic => heic::header(bytes, limits),
    };
    catch_panic(ErrorCode::DecodingFailed, kind.mime(), || {
        read().map_err(|decode_error| decode_error.into_error(kind))
    })
}

fn kind(bytes: &[u8], limits: &DecodeLimits) -> Result<Kind, ServiceError> {
    match sniff::sniff(bytes) {
        Sniffed::Supported(Kind::Avif) if !limits.avif_input => {
            Err(not_an_image("image/avif is switched off as an input"))
        }
        Sniffed::Supported(kind) => Ok(kind),
        Sniffed::Svg => Err(not_an_image(
            "image/svg+xml is never turned into pixels, so it cannot be transformed",
        )),
        Sniffed::Unsupported(format) => Err(not_an_image(format!("{format} is not supported"))),
        Sniffed::Unknown if bytes.is_empty() => Err(not_an_image("the image is empty")),
        Sniffed::Unknown => Err(not_an_image("not an image of any known format")),
    }
}

/// Is the process that [`Av1Decoder::Process`] starts: decodes one picture from standard input to standard output.
///
/// It limits the memory of this process and changes what a panic does, so only the child process calls it.
///
/// # Errors
/// When one of both breaks, or the process may not be limited.
pub fn serve_av1() -> io::Result<()> {
    avif::serve()
}

/// Decodes an image whose header has been read, and does `change` to each frame before the next is decoded: of a large
/// animation that becomes small there is never more than one large frame.
pub fn pixels(
    bytes: &[u8],
    header: &Header,
    options: Options<'_>,
    mut change: impl FnMut(Image) -> Result<Image, ServiceError>,
) -> Result<Decoded, ServiceError> {
    let kind = header.kind;
    if credentials::contains_c2pa(bytes) {
        tracing::info!(
            format = kind.mime(),
            "content credentials (C2PA) are not kept"
        );
    }
    let mut source = catch_panic(ErrorCode::DecodingFailed, kind.mime(), || {
        Source::new(bytes, header, options).map_err(|decode_error| decode_error.into_error(kind))
    })?;
    let mut colors = ToSrgb::new(header.icc.as_deref());
    let mut frames = Vec::new();
    let mut warning = None;
    loop {
        options.deadline.check()?;
        let next = catch_panic(ErrorCode::DecodingFailed, kind.mime(), || {
            let frame = source
                .next()
                .map_err(|decode_error| decode_error.into_error(kind))?;
            frame
                .map(|frame| upright(frame, &mut colors, header))
                .transpose()
                .map_err(|decode_error| decode_error.into_error(kind))
        })?;
        let Some((frame, unused)) = next else { break };
        warning = warning.or(unused);
        frames.push(Frame {
            image: change(frame.image)?,
            ..frame
        });
    }
    let picture = Picture::animation(frames, source.loop_count())
        .ok_or_else(|| DecodeError::broken("it has no frame").into_error(kind))?;
    Ok(Decoded { picture, warning })
}

/// Converts the colours of a frame, and turns it.
fn upright(
    frame: RawFrame,
    colors: &mut ToSrgb,
    header: &Header,
) -> Result<(Frame, Option<String>), DecodeError> {
    let RawFrame { raw, delay } = frame;
    let (image, unused) = colors.convert(raw)?;
    let image = orientation::upright(header.exif.orientation, image);
    Ok((Frame { image, delay }, unused))
}

/// Whether a file has nothing but pixels in sRGB that stand upright, as far as that is looked at: a file that could
/// take the place of a result.
#[must_use]
pub fn has_no_metadata(bytes: &[u8], header: &Header) -> bool {
    let bare = match header.kind {
        Kind::Jpeg => jpeg::is_bare(bytes),
        Kind::Png => png::is_bare(bytes),
        Kind::Webp | Kind::Gif | Kind::Avif | Kind::Heic => false,
    };
    bare && header.icc.is_none() && header.exif == Exif::default()
}
