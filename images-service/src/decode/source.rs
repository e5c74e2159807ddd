//! Where frames come from, one after the other.

use super::{Fault, Header, Kind, Model, Options, Raw, Samples, avif, gif, heic, jpeg, png, webp};
use crate::{
    image::{Channels, Image},
    picture::Plays,
};

/// A file that is being decoded.
pub(super) enum Source<'a> {
    Still(Option<Raw>),
    Webp(webp::Frames<'a>),
    Gif(Box<gif::Frames<'a>>),
}

impl<'a> Source<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        header: &Header,
        options: Options<'_>,
    ) -> Result<Self, Fault> {
        match header.kind {
            Kind::Jpeg => jpeg::pixels(bytes, header, options).map(Self::still),
            Kind::Png => png::pixels(bytes, header).map(Self::still),
            Kind::Webp => webp::source(bytes, header),
            Kind::Gif => gif::Frames::new(bytes, header).map(|frames| Self::Gif(Box::new(frames))),
            Kind::Avif => avif::pixels(bytes, header, options).map(Self::still),
            Kind::Heic => heic::pixels(bytes, header).map(Self::still),
        }
    }

    pub(super) const fn still(raw: Raw) -> Self {
        Self::Still(Some(raw))
    }

    pub(super) fn next(&mut self) -> Result<Option<RawFrame>, Fault> {
        match self {
            Self::Still(raw) => Ok(raw.take().map(|raw| RawFrame { raw, delay: 0 })),
            Self::Webp(frames) => frames.next(),
            Self::Gif(frames) => frames.next(),
        }
    }

    pub(super) fn plays(&self) -> Plays {
        match self {
            Self::Still(_) => Plays::default(),
            Self::Webp(frames) => frames.plays,
            Self::Gif(frames) => frames.plays(),
        }
    }
}

/// A frame as a decoder delivers it.
pub(super) struct RawFrame {
    pub(super) raw: Raw,
    /// In milliseconds.
    pub(super) delay: u32,
}

impl RawFrame {
    pub(super) fn new(image: Image, delay: u32) -> Self {
        let raw = Raw {
            size: image.size(),
            model: match image.channels() {
                Channels::Rgb => Model::Rgb,
                Channels::Rgba => Model::Rgba,
            },
            samples: Samples::Eight(image.into_data()),
        };
        Self { raw, delay }
    }
}
