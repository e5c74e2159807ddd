//! Samples as decoders deliver them, before their colours are converted.

use crate::{
    image::{Channels, Image},
    options::Size,
};

/// The samples as a decoder delivers them, with their size and colour model.
pub(super) struct RawImage {
    pub(super) size: Size,
    pub(super) model: ColorModel,
    pub(super) samples: SampleBuffer,
}

/// The samples of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColorModel {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// Inverted CMYK, as Adobe's JPEG stores it: 255 is no ink.
    Cmyk,
}

pub(super) enum SampleBuffer {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl ColorModel {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub(super) const fn channels(self) -> Channels {
        match self {
            Self::Gray | Self::Rgb | Self::Cmyk => Channels::Rgb,
            Self::GrayAlpha | Self::Rgba => Channels::Rgba,
        }
    }
}

impl From<Channels> for ColorModel {
    fn from(channels: Channels) -> Self {
        match channels {
            Channels::Rgb => Self::Rgb,
            Channels::Rgba => Self::Rgba,
        }
    }
}

impl RawImage {
    /// Returns the number of samples.
    pub(super) fn len(&self) -> usize {
        match &self.samples {
            SampleBuffer::Eight(samples) => samples.len(),
            SampleBuffer::Sixteen(samples) => samples.len(),
        }
    }
}

/// A frame as a decoder delivers it.
pub(super) struct RawFrame {
    pub(super) raw: RawImage,
    /// The delay in milliseconds.
    pub(super) delay: u32,
}

impl RawFrame {
    pub(super) fn new(image: Image, delay: u32) -> Self {
        let raw = RawImage {
            size: image.size(),
            model: image.channels().into(),
            samples: SampleBuffer::Eight(image.into_data()),
        };
        Self { raw, delay }
    }
}
