//! From encoded bytes to upright sRGB pixels: sniff, read the header, check the limits, decode, convert, turn.
//!
//! Nothing is salvaged: what is broken or cut short is an error, never half a picture.

#[cfg(any(test, fuzzing))]
pub(crate) mod apart;
mod avif;
mod canvas;
mod color;
mod credentials;
mod exif;
mod gate;
mod gif;
mod heic;
mod heif;
mod jpeg;
mod png;
mod shrink;
mod sniff;
mod source;
mod webp;

use std::{fmt, io};

use safelight_protocol::{ErrorCode, ImageInfo, extension, info::RasterInfo};

pub(crate) use self::sniff::SVG;
use self::{
    color::ToSrgb,
    exif::Exif,
    gate::Gate,
    sniff::{Kind, Sniffed},
    source::{RawFrame, Source},
};
pub use self::{exif::Orientation, shrink::Shrink};
use crate::{
    budget::Budget,
    error::ServiceError,
    geometry::Size,
    guard::guarded,
    image::{Channels, Image},
    interest::Interest,
    limits::{Av1Decoder, JpegDecoder, Limits},
    picture::{Frame, Picture},
};

/// How much of an animation is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// The first frame.
    First,
    /// All frames.
    All,
}

/// What is known of an image before its pixels are decoded.
#[derive(Clone, Debug)]
pub struct Header {
    kind: Kind,
    stored: Size,
    /// How many frames are decoded.
    frames: u32,
    channels: Channels,
    /// Bytes that decoding takes for every pixel at its peak, besides the picture itself.
    cost: u64,
    /// Whether it can come out smaller than it is.
    shrinks: bool,
    icc: Option<Vec<u8>>,
    exif: Exif,
}

impl Header {
    /// MIME type of the file.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.kind.mime()
    }

    /// Size of the upright picture.
    #[must_use]
    pub const fn size(&self) -> Size {
        if self.exif.orientation.is_transposed() {
            self.stored.transposed()
        } else {
            self.stored
        }
    }

    /// How many frames are decoded.
    #[must_use]
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    /// Channels of the decoded picture.
    #[must_use]
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether it can come out smaller than it is.
    #[must_use]
    pub const fn shrinks(&self) -> bool {
        self.shrinks
    }

    /// How far it may shrink while it is decoded, when the upright picture will be reduced to `target`.
    #[must_use]
    pub fn shrink_towards(&self, target: Size, decoder: JpegDecoder) -> Shrink {
        if !self.shrinks || decoder != JpegDecoder::Turbo {
            return Shrink::NONE;
        }
        Shrink::towards(self.size(), target)
    }

    /// Bytes of memory that decoding takes at its peak, besides the picture itself.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        self.stored.area().saturating_mul(self.cost)
    }

    /// What survives of the file besides its pixels, for a caller who wants this of it.
    #[must_use]
    pub fn metadata(&self, wanted: Option<extension::Metadata>) -> Metadata {
        match wanted {
            Some(extension::Metadata::None) => Metadata::default(),
            Some(extension::Metadata::Copyright) | None => Metadata {
                copyright: self.exif.copyright.clone(),
                exif: None,
            },
            Some(extension::Metadata::Keep) => Metadata {
                copyright: self.exif.copyright.clone(),
                exif: self.exif.kept(),
            },
        }
    }

    /// Whether its file has nothing but pixels in sRGB that stand upright, as far as that is looked at: a file that
    /// could take the place of a result.
    #[must_use]
    pub fn is_bare(&self, bytes: &[u8]) -> bool {
        let bare = match self.kind {
            Kind::Jpeg => jpeg::is_bare(bytes),
            Kind::Png => png::is_bare(bytes),
            Kind::Webp | Kind::Gif | Kind::Avif | Kind::Heic => false,
        };
        bare && self.icc.is_none() && self.exif == Exif::default()
    }
}

/// What survives of an image besides its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF copyright notice, as it stands there.
    pub copyright: Option<Vec<u8>>,
    /// All of EXIF that still holds, which has the notice in it: a TIFF structure for one segment of a JPEG.
    pub exif: Option<Vec<u8>>,
}

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
pub fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo, ServiceError> {
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
    /// How long it may take.
    pub budget: Budget,
    /// Whether a process of its own has anybody to work for.
    pub interest: &'a Interest,
}

/// Reads the header and checks its claims; no memory for pixels is taken.
pub fn inspect(bytes: &[u8], frames: Frames, limits: &Limits) -> Result<Header, ServiceError> {
    let kind = kind(bytes, limits)?;
    let gate = Gate { limits, frames };
    let read = || match kind {
        Kind::Jpeg => jpeg::header(bytes, gate),
        Kind::Png => png::header(bytes, gate),
        Kind::Webp => webp::header(bytes, gate),
        Kind::Gif => gif::header(bytes, gate),
        Kind::Avif => avif::header(bytes, gate),
        Kind::Heic => heic::header(bytes, gate),
    };
    guarded(ErrorCode::DecodingFailed, kind.mime(), || {
        read().map_err(|fault| fault.into_error(kind))
    })
}

fn kind(bytes: &[u8], limits: &Limits) -> Result<Kind, ServiceError> {
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
/// It limits the memory of this process and changes what a panic does, so it is to be called by nobody else.
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
    if credentials::are_in(bytes) {
        tracing::info!(
            format = kind.mime(),
            "content credentials (C2PA) are not kept"
        );
    }
    let mut source = guarded(ErrorCode::DecodingFailed, kind.mime(), || {
        Source::new(bytes, header, options).map_err(|fault| fault.into_error(kind))
    })?;
    let mut colors = ToSrgb::by(header.icc.as_deref());
    let mut frames = Vec::new();
    let mut warning = None;
    loop {
        options.budget.check()?;
        let next = guarded(ErrorCode::DecodingFailed, kind.mime(), || {
            let frame = source.next().map_err(|fault| fault.into_error(kind))?;
            frame
                .map(|frame| upright(frame, &mut colors, header))
                .transpose()
                .map_err(|fault| fault.into_error(kind))
        })?;
        let Some((frame, unused)) = next else { break };
        warning = warning.or(unused);
        frames.push(Frame {
            image: change(frame.image)?,
            ..frame
        });
    }
    let picture = Picture::animation(frames, source.plays())
        .ok_or_else(|| Fault::broken("it has no frame").into_error(kind))?;
    Ok(Decoded { picture, warning })
}

/// Converts the colours of a frame, and turns it.
fn upright(
    frame: RawFrame,
    colors: &mut ToSrgb,
    header: &Header,
) -> Result<(Frame, Option<String>), Fault> {
    let RawFrame { raw, delay } = frame;
    let (image, unused) = colors.convert(raw)?;
    let image = header.exif.orientation.upright(image);
    Ok((Frame { image, delay }, unused))
}

/// Samples as a decoder delivers them, and what they mean.
struct Raw {
    size: Size,
    model: Model,
    samples: Samples,
}

/// What the samples of one pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// The paper's share of each ink: 255 is none of it, as JPEG stores it.
    Cmyk,
}

enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

/// Why a recognised file gives no picture.
enum Fault {
    /// Its bytes are not what its format asks for.
    Broken(String),
    /// It uses a part of its format that no decoder here knows.
    Unsupported(&'static str),
    /// It is larger than a limit.
    Limit(ServiceError),
    /// The process that was to decode it did not.
    Process(ServiceError),
}

impl Fault {
    fn broken(reason: impl fmt::Display) -> Self {
        Self::Broken(reason.to_string())
    }

    fn into_error(self, kind: Kind) -> ServiceError {
        let format = kind.mime();
        match self {
            Self::Broken(reason) => ServiceError::new(
                ErrorCode::DecodingFailed,
                format!("could not decode {format}: {reason}"),
            ),
            Self::Unsupported(what) => {
                not_an_image(format!("{format} with {what} is not supported"))
            }
            Self::Limit(error) | Self::Process(error) => error,
        }
    }
}

fn not_an_image(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::NotAnImage, message)
}
