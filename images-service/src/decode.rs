//! From encoded bytes to upright sRGB pixels: sniff, read the header, check the limits, decode, convert, turn.
//!
//! Nothing is salvaged: what is broken or cut short is an error, never half a picture.

mod canvas;
mod color;
mod exif;
mod gate;
mod gif;
mod jpeg;
mod png;
mod sniff;
mod webp;

use std::fmt;

use safelight_protocol::{ErrorCode, ImageInfo, info::RasterInfo};

pub use self::exif::Orientation;
use self::{
    exif::Exif,
    gate::Gate,
    sniff::{Kind, Sniffed},
};
use crate::{
    budget::Budget,
    error::ServiceError,
    geometry::Size,
    image::Channels,
    limits::Limits,
    picture::{Frame, Picture, Plays},
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

    /// Bytes of memory that decoding takes at its peak, besides the picture itself.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        self.stored.area().saturating_mul(self.cost)
    }

    /// What survives of the file besides its pixels.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        Metadata {
            copyright: self.exif.copyright.clone(),
        }
    }
}

/// What survives of an image besides its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF copyright notice, as it stands there.
    pub copyright: Option<Vec<u8>>,
}

/// A decoded picture.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The upright picture.
    pub picture: Picture,
    /// What could not be honoured: a text for a `Warning` header.
    pub warning: Option<String>,
}

/// What an image is, without decoding its pixels.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo, ServiceError> {
    if sniff::sniff(bytes) == Sniffed::Svg {
        return Ok(ImageInfo {
            format: sniff::SVG.to_owned(),
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

/// Reads the header and checks its claims; no memory for pixels is taken.
pub fn inspect(bytes: &[u8], frames: Frames, limits: &Limits) -> Result<Header, ServiceError> {
    let kind = match sniff::sniff(bytes) {
        Sniffed::Supported(kind) => kind,
        Sniffed::Svg => {
            return Err(not_an_image(
                "image/svg+xml is never turned into pixels, so it cannot be transformed",
            ));
        }
        Sniffed::Unsupported(format) => {
            return Err(not_an_image(format!("{format} is not supported")));
        }
        Sniffed::Unknown if bytes.is_empty() => return Err(not_an_image("the image is empty")),
        Sniffed::Unknown => return Err(not_an_image("not an image of any known format")),
    };
    let gate = Gate { limits, frames };
    let header = match kind {
        Kind::Jpeg => jpeg::header(bytes, gate),
        Kind::Png => png::header(bytes, gate),
        Kind::Webp => webp::header(bytes, gate),
        Kind::Gif => gif::header(bytes, gate),
    };
    header.map_err(|fault| fault.into_error(kind))
}

/// Decodes an image whose header has been read.
pub fn pixels(bytes: &[u8], header: &Header, budget: Budget) -> Result<Decoded, ServiceError> {
    let raw = match header.kind {
        Kind::Jpeg => jpeg::pixels(bytes, header).map(RawPicture::still),
        Kind::Png => png::pixels(bytes, header).map(RawPicture::still),
        Kind::Webp => webp::pixels(bytes, header, budget),
        Kind::Gif => gif::pixels(bytes, header, budget),
    };
    raw.and_then(|raw| upright(raw, header))
        .map_err(|fault| fault.into_error(header.kind))
}

/// Converts the colours of every frame, and turns it.
fn upright(raw: RawPicture, header: &Header) -> Result<Decoded, Fault> {
    let mut frames = Vec::with_capacity(raw.frames.len());
    let mut warning = None;
    for RawFrame { raw, delay } in raw.frames {
        let (image, unused) = color::to_srgb(raw, header.stored, header.icc.as_deref())?;
        warning = warning.or(unused);
        frames.push(Frame {
            image: header.exif.orientation.upright(image),
            delay,
        });
    }
    let picture = Picture::animation(frames, raw.plays);
    let picture = picture.ok_or_else(|| Fault::broken("it has no frame"))?;
    Ok(Decoded { picture, warning })
}

/// Frames as a decoder delivers them.
struct RawPicture {
    frames: Vec<RawFrame>,
    plays: Plays,
}

struct RawFrame {
    raw: Raw,
    /// In milliseconds.
    delay: u32,
}

impl RawPicture {
    fn still(raw: Raw) -> Self {
        Self {
            frames: vec![RawFrame { raw, delay: 0 }],
            plays: Plays::default(),
        }
    }
}

/// Samples as a decoder delivers them, and what they mean.
struct Raw {
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
            Self::Limit(error) => error,
        }
    }
}

fn not_an_image(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::NotAnImage, message)
}
