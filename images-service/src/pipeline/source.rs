//! A source image before its pixels are made: its size and its cost are known, and nothing has been allocated.

use bytes::Bytes;
use safelight_protocol::extension;

use super::{PixelLimits, memory::PIXEL};
use crate::{
    decode::{self, Decoded, Header, JpegDecoder, Options, Shrink},
    error::ServiceError,
    image::Image,
    metadata::Metadata,
    options::{Frames, ImageSource, Size},
    text::{TextBudget, Typeset},
};

/// An image that is about to be made.
#[derive(Debug)]
pub(super) enum Source {
    /// Its header has been read.
    Encoded(Header, Bytes),
    /// Each of its glyphs has a place.
    Text(Typeset),
}

impl Source {
    pub(super) fn new(
        source: ImageSource,
        frames: Frames,
        limits: &PixelLimits,
        budget: &mut TextBudget,
    ) -> Result<Self, ServiceError> {
        match source {
            ImageSource::Encoded(bytes) => {
                let header = decode::inspect(&bytes, frames, &limits.decode)?;
                Ok(Self::Encoded(header, bytes))
            }
            ImageSource::Text(text) => Typeset::new(&text, &limits.text, budget).map(Self::Text),
        }
    }

    /// What it is, for the log.
    pub(super) const fn format(&self) -> &'static str {
        match self {
            Self::Encoded(header, _) => header.format(),
            Self::Text(_) => "text",
        }
    }

    pub(super) const fn size(&self) -> Size {
        match self {
            Self::Encoded(header, _) => header.size(),
            Self::Text(text) => text.size(),
        }
    }

    /// Bytes of its file; of a text there is none.
    pub(super) const fn file_size(&self) -> usize {
        match self {
            Self::Encoded(_, bytes) => bytes.len(),
            Self::Text(_) => 0,
        }
    }

    /// The file, if there is nothing in it but upright pixels in sRGB.
    pub(super) fn file_without_metadata(&self) -> Option<&Bytes> {
        match self {
            Self::Encoded(header, bytes) => decode::has_no_metadata(bytes, header).then_some(bytes),
            Self::Text(_) => None,
        }
    }

    /// How far it may shrink while it is made, when it will be reduced to `target`.
    pub(super) fn shrink_towards(&self, target: Size, decoder: JpegDecoder) -> Shrink {
        match self {
            Self::Encoded(header, _) => header.shrink_towards(target, decoder),
            Self::Text(_) => Shrink::NONE,
        }
    }

    /// How many frames it will have.
    pub(super) const fn frames(&self) -> u32 {
        match self {
            Self::Encoded(header, _) => header.frames(),
            Self::Text(_) => 1,
        }
    }

    /// Bytes of memory that making it takes at its peak, besides the picture itself.
    pub(super) const fn memory(&self) -> u64 {
        match self {
            Self::Encoded(header, _) => header.memory(),
            Self::Text(text) => text.memory(),
        }
    }

    /// Pixels' worth of memory of a decoder that still has frames to decode while the first are changed.
    pub(super) const fn resident_decoder(&self) -> u64 {
        match self.frames() {
            0 | 1 => 0,
            _ => self.memory().div_ceil(PIXEL),
        }
    }

    /// The metadata of the result, for a caller who wants this of it.
    pub(super) fn metadata(&self, wanted: Option<extension::Metadata>) -> Metadata {
        match self {
            Self::Encoded(header, _) => header.metadata(wanted),
            Self::Text(_) => Metadata::default(),
        }
    }

    /// Makes the pixels, and does `change` to each frame at once.
    pub(super) fn pixels(
        &self,
        options: Options<'_>,
        budget: &mut TextBudget,
        mut change: impl FnMut(Image) -> Result<Image, ServiceError>,
    ) -> Result<Decoded, ServiceError> {
        match self {
            Self::Encoded(header, bytes) => decode::pixels(bytes, header, options, change),
            Self::Text(text) => Ok(Decoded {
                picture: change(text.pixels(budget)?)?.into(),
                warning: None,
            }),
        }
    }
}
