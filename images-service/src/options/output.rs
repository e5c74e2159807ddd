//! One `output()`: the format of the result and how it is written.

use safelight_protocol::{Format, extension::JpegScan};

use super::Color;

/// The checked options of one `output()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The format of the result.
    pub format: Format,
    /// Encoder quality, 1 to 100; `None` if the caller gave none (the encoders' default is 85).
    pub quality: Option<u8>,
    /// Colour under the finished picture.
    pub background: Option<Color>,
    /// How much of an animation is kept, in a format that can hold one.
    pub frames: Frames,
    /// How a JPEG is written; by default as suits its size.
    pub scan: Option<JpegScan>,
}

/// How much of an animation is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// The first frame.
    First,
    /// All frames.
    All,
}
