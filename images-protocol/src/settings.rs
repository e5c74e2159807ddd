//! What a config decides of the images process's work on pixels.

use std::time::Duration;

use safelight_images::Limits;
use safelight_images::limits::JpegDecoder;

/// The longest time that may be given to one request's pixels: an hour.
pub const MOST_TIME_MS: u64 = 3_600_000;
/// The most memory that may be given to one request's pixels, in megabytes of a million bytes.
pub const MOST_MEMORY_MB: u64 = 64_000;
/// Bytes of one of these megabytes, by which messages count as well.
pub const MEGABYTE: u64 = 1_000_000;

/// Settings for the pixels of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelSettings {
    /// Whether an option that needs a trained model fails with 9522 instead of being approximated (`safelight.strict`).
    pub strict: bool,
    /// Whether AVIF is taken as an input, which production does for some accounts only (`safelight.avif_input`).
    pub avif_input: bool,
    /// Time that they may take, after which the request fails with 9529 (`safelight.time_budget_ms`).
    pub time: Duration,
    /// Bytes that they may take at a time, beyond which the request fails with 9522 (`safelight.memory_budget_mb`).
    pub memory_bytes: u64,
    /// What reads JPEG (`safelight.jpeg_decoder`).
    pub jpeg_decoder: JpegDecoder,
}

impl PixelSettings {
    /// The limits of a service with these settings.
    #[must_use]
    pub fn limits(self) -> Limits {
        let mut limits = Limits {
            avif_input: self.avif_input,
            time: self.time,
            pixel_bytes: self.memory_bytes,
            jpeg: self.jpeg_decoder,
            ..Limits::default()
        };
        limits.models.strict = self.strict;
        limits
    }
}

impl Default for PixelSettings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            strict: limits.models.strict,
            avif_input: limits.avif_input,
            time: limits.time,
            memory_bytes: limits.pixel_bytes,
            jpeg_decoder: limits.jpeg,
        }
    }
}
