//! The options of one `output()`: the format of the result, and its encoding.

use safelight_protocol::{Format, extension::JpegScan};

use super::Color;

/// The checked options of one `output()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The format of the result.
    pub format: Format,
    /// The quality of the encoder, 1 to 100; `None` if the request gives none (the encoders' default is 85).
    pub quality: Option<u8>,
    /// The colour under the finished picture.
    pub background: Option<Color>,
    /// The frames of an animation that are kept, in a format that can hold them.
    pub frames: Frames,
    /// The scan of a JPEG; by default its size decides.
    pub scan: Option<JpegScan>,
}

/// The frames of an animation that are decoded or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// The first frame.
    First,
    /// All frames.
    All,
}
