//! The frames of any format, one after the other.

use super::{
    Options, avif,
    error::DecodeError,
    gif,
    header::Header,
    heic, jpeg, png,
    raw::{RawFrame, RawImage},
    sniff::Kind,
    webp,
};
use crate::picture::LoopCount;

/// A file that is being decoded.
pub(super) enum Source<'a> {
    Still(Option<RawImage>),
    Webp(webp::WebpFrames<'a>),
    Gif(Box<gif::GifFrames<'a>>),
}

impl<'a> Source<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        header: &Header,
        options: Options<'_>,
    ) -> Result<Self, DecodeError> {
        match header.kind {
            Kind::Jpeg => jpeg::pixels(bytes, header, options).map(Self::still),
            Kind::Png => png::pixels(bytes, header).map(Self::still),
            Kind::Webp => match webp::open(bytes, header)? {
                webp::Opened::Still(raw) => Ok(Self::still(raw)),
                webp::Opened::Animation(frames) => Ok(Self::Webp(frames)),
            },
            Kind::Gif => {
                gif::GifFrames::new(bytes, header).map(|frames| Self::Gif(Box::new(frames)))
            }
            Kind::Avif => avif::pixels(bytes, header).map(Self::still),
            Kind::Heic => heic::pixels(bytes, header).map(Self::still),
        }
    }

    const fn still(raw: RawImage) -> Self {
        Self::Still(Some(raw))
    }

    pub(super) fn next(&mut self) -> Result<Option<RawFrame>, DecodeError> {
        match self {
            Self::Still(raw) => Ok(raw.take().map(|raw| RawFrame { raw, delay: 0 })),
            Self::Webp(frames) => frames.next(),
            Self::Gif(frames) => frames.next(),
        }
    }

    pub(super) fn loop_count(&self) -> LoopCount {
        match self {
            Self::Still(_) => LoopCount::default(),
            Self::Webp(frames) => frames.loop_count,
            Self::Gif(frames) => frames.loop_count(),
        }
    }
}
