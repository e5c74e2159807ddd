//! Samples as decoders deliver them, before their colours are converted.

use crate::{
    image::{Channels, Image},
    options::Size,
};

/// Samples as a decoder delivers them, and what they mean.
pub(super) struct Raw {
    pub(super) size: Size,
    pub(super) model: Model,
    pub(super) samples: Samples,
}

/// What the samples of one pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// The paper's share of each ink: 255 is none of it, as JPEG stores it.
    Cmyk,
}

pub(super) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Model {
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

impl Raw {
    /// The number of samples.
    pub(super) fn len(&self) -> usize {
        match &self.samples {
            Samples::Eight(samples) => samples.len(),
            Samples::Sixteen(samples) => samples.len(),
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
