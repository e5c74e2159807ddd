//! The limits of the pixels of one request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{decode::DecodeLimits, models::Models, text::TextLimits};

/// The limits of one request's pixels, and the models that work on them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PixelLimits {
    /// The limits of input images. The area holds for intermediate images, too.
    pub decode: DecodeLimits,
    /// The limits of texts.
    pub text: TextLimits,
    /// The bytes of memory that the pixels may take at a time.
    pub memory: u64,
    /// The largest width or height of an output, in pixels.
    pub dimension: u32,
    /// The time that the pixels may take, from decoding on.
    pub time: Duration,
    /// The models for `gravity: face`, `segment` and `upscale: generate`.
    pub models: Models,
}

impl Default for PixelLimits {
    fn default() -> Self {
        Self {
            decode: DecodeLimits::default(),
            text: TextLimits::default(),
            // Enough for one image of the largest area at 16 bits a channel.
            memory: 2_000_000_000,
            dimension: 12_000,
            time: Duration::from_secs(60),
            models: Models::default(),
        }
    }
}
