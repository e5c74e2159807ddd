//! Decodes encoded bytes to upright sRGB pixels: sniffs the format, reads the header, checks the limits, decodes, converts
//! the colours and applies the orientation.
//!
//! Decoding is strict: a file that is broken or cut short is an error, never half a picture.
//!
//! `image` (0.25.10) detects the formats, and its `Orientation` is used. Its implementations of `ImageDecoder` are not:
//!
//! | format | decoded by | the decoder of `image` |
//! |---|---|---|
//! | PNG | `png` | ends with the image data, and accepts a file that is cut off before IEND |
//! | JPEG | `libjpeg-turbo-rs`, `jpeg::scaled`, `zune-jpeg` for CMYK | sets `strict_mode(false)`, and fills missing data with grey |
//! | WebP | `image-webp` | does not tell the number of frames, and sets no memory limit for metadata chunks |
//! | GIF | `gif` | does not tell the number and the sizes of frames before it decodes them |
//! | AVIF | `heic-rs` for the container, `re_rav1d` | needs dav1d in C, and decodes before a limit can be set |
//! | HEIC | `heic-rs` | does not exist |

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
    limits::{DecodeLimits, JpegDecoder},
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
    /// The text for a `Warning` header about a part of the file that could not be applied.
    pub warning: Option<String>,
}

/// Whether a file is SVG, which has no pixels.
pub(crate) fn is_svg(bytes: &[u8]) -> bool {
    sniff::sniff(bytes) == Sniffed::Svg
}

/// Returns the format, the length and the size of an image without decoding its pixels.
///
/// # Errors
/// As [`inspect`], but SVG is no error.
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

/// The options of decoding.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The reduction that the decoder may apply.
    pub shrink: Shrink,
    /// The decoder of JPEG.
    pub jpeg: JpegDecoder,
    /// The deadline of decoding.
    pub deadline: &'a Deadline,
}

/// Reads the header and verifies its claims. Allocates no memory for pixels.
///
/// # Errors
/// [`ErrorCode::NotAnImage`] for a format or a part of one that is not supported, [`ErrorCode::DecodingFailed`] for a broken
/// header, and [`ErrorCode::TooManyPixels`] for a claim beyond `limits`.
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

/// Decodes an image whose header has been read, and applies `change` to each frame before the next one is decoded. A
/// large animation that becomes small never has more than one large frame in memory.
///
/// # Errors
/// As [`inspect`], for what only the pixels show; [`ErrorCode::DeadlinePassed`] when the deadline is over, and
/// [`ErrorCode::Internal`] when the work is cancelled, both verified before each frame; the error of a decoder process; and the
/// first error of `change`.
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

/// Converts the colours of a frame and applies its orientation.
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

/// Whether a file has no metadata, no colour profile and no orientation, so that it could take the place of a result.
/// JPEG and PNG alone are examined; other formats count as having metadata.
#[must_use]
pub fn has_no_metadata(bytes: &[u8], header: &Header) -> bool {
    let has_none = match header.kind {
        Kind::Jpeg => jpeg::has_no_metadata(bytes),
        Kind::Png => png::has_no_metadata(bytes),
        Kind::Webp | Kind::Gif | Kind::Avif | Kind::Heic => false,
    };
    has_none && header.icc.is_none() && header.exif == Exif::default()
}
