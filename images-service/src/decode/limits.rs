//! The limits of decoding, and the choice of decoders.

use std::{ffi::OsString, path::PathBuf};

pub use safelight_protocol::settings::JpegDecoder;

/// The bytes that a decoder may take for rows and chunks besides the pixels. A compressed profile could claim any size.
pub(super) const MAX_CHUNK_BYTES: usize = 64 << 20;

/// The bounds that headers of input images are verified against, and the choice of decoders.
#[derive(Clone, Debug)]
pub struct DecodeLimits {
    /// The width times the height of one image, in pixels.
    pub area: u64,
    /// The number of frames of one animation.
    pub frames: u32,
    /// The width times the height times the frames of one animation, in pixels.
    pub animation_area: u64,
    /// Whether AVIF is accepted as an input, which the platform does for some accounts only.
    pub avif_input: bool,
    /// The decoder of JPEG.
    pub jpeg: JpegDecoder,
    /// The process in which AV1, the coding of AVIF, is decoded.
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

/// The process in which AV1 is decoded: this one, or a child of it. The pictures are the same.
///
/// The library runs behind an interface of C, through which no panic can unwind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Av1Decoder {
    /// In this process. A panic of the library ends it with all of its requests, and a picture is decoded to its end
    /// whatever time and memory that takes.
    #[default]
    InProcess,
    /// In a child process for every picture. It fails alone, and ends with its request. The program must call
    /// [`serve_av1`](crate::decode::serve_av1), and come from the same build, because the messages have no version.
    Process {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}
