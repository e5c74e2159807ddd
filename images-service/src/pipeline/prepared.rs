//! An image before its pixels are made: its size and its cost are known, and nothing has been paid.

use bytes::Bytes;

use crate::{
    budget::Budget,
    decode::{self, Decoded, Frames, Header, Metadata},
    error::ServiceError,
    geometry::Size,
    limits::Limits,
    request::ImageSource,
    text::{Effort, Typeset},
};

/// An image that is about to be made.
#[derive(Debug)]
pub(super) enum Prepared {
    /// Its header has been read.
    Encoded(Header, Bytes),
    /// Each of its glyphs has a place.
    Text(Typeset),
}

impl Prepared {
    pub(super) fn new(
        source: ImageSource,
        frames: Frames,
        limits: &Limits,
        effort: &mut Effort,
    ) -> Result<Self, ServiceError> {
        match source {
            ImageSource::Encoded(bytes) => {
                let header = decode::inspect(&bytes, frames, limits)?;
                Ok(Self::Encoded(header, bytes))
            }
            ImageSource::Text(text) => Typeset::new(&text, &limits.text, effort).map(Self::Text),
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

    pub(super) fn metadata(&self) -> Metadata {
        match self {
            Self::Encoded(header, _) => header.metadata(),
            Self::Text(_) => Metadata::default(),
        }
    }

    /// Makes the pixels.
    pub(super) fn pixels(
        &self,
        budget: Budget,
        effort: &mut Effort,
    ) -> Result<Decoded, ServiceError> {
        match self {
            Self::Encoded(header, bytes) => decode::pixels(bytes, header, budget),
            Self::Text(text) => Ok(Decoded {
                picture: text.pixels(effort)?.into(),
                warning: None,
            }),
        }
    }
}
