//! The header of an image: everything that is known before its pixels are decoded.

use safelight_protocol::extension;

use super::{limits::JpegDecoder, shrink::Shrink, sniff::Kind};
use crate::{
    image::Channels,
    metadata::{Exif, Metadata, orientation::is_transposed},
    options::Size,
};

/// Everything that is known of an image before its pixels are decoded.
#[derive(Clone, Debug)]
pub struct Header {
    pub(super) kind: Kind,
    pub(super) stored: Size,
    /// The number of frames that are decoded.
    pub(super) frames: u32,
    pub(super) channels: Channels,
    /// The bytes that decoding takes at its peak, besides the picture itself.
    pub(super) memory: u64,
    /// Whether the decoder can reduce the picture.
    pub(super) shrinks: bool,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) exif: Exif,
}

impl Header {
    /// Returns the MIME type of the file.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.kind.mime()
    }

    /// Returns the size of the upright picture.
    #[must_use]
    pub const fn size(&self) -> Size {
        if is_transposed(self.exif.orientation) {
            self.stored.transposed()
        } else {
            self.stored
        }
    }

    /// Returns the number of frames that are decoded.
    #[must_use]
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    /// Returns the channels of the decoded picture.
    #[must_use]
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether the decoder can reduce the picture.
    #[must_use]
    pub const fn shrinks(&self) -> bool {
        self.shrinks
    }

    /// Returns the reduction that the decoder may apply if the upright picture will be resized to `target`.
    #[must_use]
    pub fn shrink_towards(&self, target: Size, decoder: JpegDecoder) -> Shrink {
        if !self.shrinks || decoder != JpegDecoder::Turbo {
            return Shrink::NONE;
        }
        Shrink::towards(self.size(), target)
    }

    /// Returns the bytes of memory that decoding takes at its peak, besides the picture itself.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        self.memory
    }

    /// Returns the metadata of the result, by the option `metadata` of the request.
    #[must_use]
    pub fn metadata(&self, option: Option<extension::Metadata>) -> Metadata {
        match option {
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
}
