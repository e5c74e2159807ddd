//! The limits of decoding, and the choice of decoders.

use std::{ffi::OsString, path::PathBuf};

pub use safelight_protocol::settings::JpegDecoder;

/// Bounds that the headers of input images are checked against, and the choice of decoders.
#[derive(Clone, Debug)]
pub struct DecodeLimits {
    /// Width times height of one image.
    pub area: u64,
    /// Frames of one animation.
    pub frames: u32,
    /// Width times height times frames of one animation.
    pub animation_area: u64,
    /// Whether AVIF is accepted as an input, which the platform does for some accounts only.
    pub avif_input: bool,
    /// Which decoder reads JPEG.
    pub jpeg: JpegDecoder,
    /// Where AV1, the coding of AVIF, is decoded.
    pub av1: Av1Decoder,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            area: 100_000_000,
            frames: 5_000,
            animation_area: 50_000_000,
            avif_input: true,
            jpeg: JpegDecoder::default(),
            av1: Av1Decoder::default(),
        }
    }
}

/// Where AV1 is decoded. Pictures come out alike.
///
/// The library that does it runs behind an interface of C, through which no panic can unwind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Av1Decoder {
    /// In this process: a panic of the library ends it, with every request that it works on, and a picture is decoded to
    /// its end whatever time and memory that takes.
    #[default]
    InProcess,
    /// In a process of its own for every picture, which fails alone, and ends with its request. It has to call
    /// [`serve_av1`](crate::decode::serve_av1), and come from the same build as this one: what goes between them has no version.
    Process {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}
