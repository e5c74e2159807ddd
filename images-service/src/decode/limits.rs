//! The limits of decoding, and the choice of decoders.

pub use safelight_protocol::settings::JpegDecoder;
use serde::{Deserialize, Serialize};

/// The bytes that a decoder may take for rows and chunks besides the pixels. A compressed profile could claim any size.
pub(super) const MAX_CHUNK_BYTES: usize = 64 << 20;

/// The bounds that headers of input images are verified against, and the choice of decoders.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            area: 100_000_000,
            frames: 5_000,
            animation_area: 50_000_000,
            avif_input: true,
            jpeg: JpegDecoder::default(),
        }
    }
}
