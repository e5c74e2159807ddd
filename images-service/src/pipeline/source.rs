//! A source image before it is decoded or drawn: its size and its cost are known, and nothing has been allocated.

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

/// An image that is about to be decoded or drawn.
#[derive(Debug)]
pub(super) enum Source {
    /// An encoded image whose header has been read.
    Encoded(Header, Bytes),
    /// A text whose glyphs have been placed.
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

    /// Returns the MIME type of the file, or `text`.
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

    /// Returns the bytes of the file; 0 for a text.
    pub(super) const fn file_size(&self) -> usize {
        match self {
            Self::Encoded(_, bytes) => bytes.len(),
            Self::Text(_) => 0,
        }
    }

    /// Returns the file, if it has nothing but upright pixels in sRGB.
    pub(super) fn file_without_metadata(&self) -> Option<&Bytes> {
        match self {
            Self::Encoded(header, bytes) => decode::has_no_metadata(bytes, header).then_some(bytes),
            Self::Text(_) => None,
        }
    }

    /// Returns the reduction that the decoder may apply if the picture will be resized to `target`.
    pub(super) fn shrink_towards(&self, target: Size, decoder: JpegDecoder) -> Shrink {
        match self {
            Self::Encoded(header, _) => header.shrink_towards(target, decoder),
            Self::Text(_) => Shrink::NONE,
        }
    }

    /// Returns the number of frames.
    pub(super) const fn frames(&self) -> u32 {
        match self {
            Self::Encoded(header, _) => header.frames(),
            Self::Text(_) => 1,
        }
    }

    /// Returns the bytes of memory that decoding or drawing takes at its peak, besides the picture itself.
    pub(super) const fn memory(&self) -> u64 {
        match self {
            Self::Encoded(header, _) => header.memory(),
            Self::Text(text) => text.memory(),
        }
    }

    /// Returns the memory, in pixels, of a decoder that still has frames to decode while the first are changed.
    pub(super) const fn resident_decoder(&self) -> u64 {
        match self.frames() {
            0 | 1 => 0,
            _ => self.memory().div_ceil(PIXEL),
        }
    }

    /// Returns the metadata of the result, by the option `metadata` of the request.
    pub(super) fn metadata(&self, option: Option<extension::Metadata>) -> Metadata {
        match self {
            Self::Encoded(header, _) => header.metadata(option),
            Self::Text(_) => Metadata::default(),
        }
    }

    /// Decodes or draws the pixels, and applies `change` to each frame at once.
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
