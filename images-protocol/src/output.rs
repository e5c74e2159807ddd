//! Format and quality of the result.

use std::fmt;

use crate::words;

/// The options of one `output()`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOutputOptions {
    /// The format of the result.
    pub format: Format,
    /// The quality of the encoder; the service's default is 85. GIF and raw pixels have none. WebP at quality 100 is lossless.
    /// PNG is lossless at quality 100 or without a quality; a lower quality selects a palette of at most 256 colours where
    /// its error is small enough.
    pub quality: Option<Quality>,
    /// CSS colour composited under the finished picture just before encoding.
    pub background: Option<String>,
    /// `false` keeps only the first frame of an animation; default `true`. Only GIF and WebP hold more than one.
    pub anim: Option<bool>,
}

impl ImageOutputOptions {
    /// Options with the given format and nothing else set.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            quality: None,
            background: None,
            anim: None,
        }
    }

    /// Sets the quality: 1 to 100, or a named level.
    #[must_use]
    pub fn quality(mut self, quality: impl Into<Quality>) -> Self {
        self.quality = Some(quality.into());
        self
    }

    /// Sets the CSS colour under the finished picture.
    #[must_use]
    pub fn background(mut self, color: impl Into<String>) -> Self {
        self.background = Some(color.into());
        self
    }

    /// Keeps (`true`) or drops (`false`) all frames but the first.
    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "the option is a boolean on the platform as well"
    )]
    #[must_use]
    pub fn anim(mut self, anim: bool) -> Self {
        self.anim = Some(anim);
        self
    }
}

words! {
    /// An output format, by its name on the binding.
    pub enum Format {
        /// JPEG: without alpha, on the output's background or white.
        Jpeg = "image/jpeg",
        /// PNG: one frame.
        Png = "image/png",
        /// GIF: animations, at most 256 colours a frame, pixels either opaque (alpha from 128 on) or not there.
        Gif = "image/gif",
        /// WebP: animations, and sides up to 16,383 pixels.
        Webp = "image/webp",
        /// AVIF: one frame, and sides up to 1,600 pixels; beyond that the result is another format, as its content
        /// type says.
        Avif = "image/avif",
        /// Raw pixels: three bytes each, rows from the top, no header.
        Rgb = "rgb",
        /// Raw pixels: four bytes each with straight alpha, rows from the top, no header.
        Rgba = "rgba",
    }
}

impl Format {
    /// The `content-type` of a result in this format.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Rgb | Self::Rgba => "application/octet-stream",
            Self::Jpeg | Self::Png | Self::Gif | Self::Webp | Self::Avif => self.as_str(),
        }
    }
}

words! {
    /// A perceptual quality level.
    pub enum NamedQuality {
        /// Stands for 90.
        High = "high",
        /// Stands for 70.
        MediumHigh = "medium-high",
        /// Stands for 50.
        MediumLow = "medium-low",
        /// Stands for 35.
        Low = "low",
    }
}

/// Encoder quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quality {
    /// 1 to 100; the service rounds and clamps.
    Number(f64),
    /// A level by name.
    Named(NamedQuality),
}

impl From<u8> for Quality {
    fn from(number: u8) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<NamedQuality> for Quality {
    fn from(name: NamedQuality) -> Self {
        Self::Named(name)
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Named(name) => name.fmt(f),
        }
    }
}
