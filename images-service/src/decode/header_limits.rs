//! Verifies the claims of headers against the limits, before anything is allocated for them.

use safelight_protocol::ErrorCode;

use super::{error::DecodeError, limits::DecodeLimits};
use crate::{
    error::ServiceError,
    options::{Frames, Size},
};

/// The limits of what a header may claim.
#[derive(Clone, Copy)]
pub(super) struct HeaderLimits<'a> {
    pub(super) limits: &'a DecodeLimits,
    /// The frames that will be decoded.
    pub(super) frames: Frames,
}

impl HeaderLimits<'_> {
    /// Verifies the size of one picture.
    pub(super) fn check_size(&self, size: Size) -> Result<(), DecodeError> {
        if size.area() == 0 {
            return Err(DecodeError::broken(format!("it claims a size of {size}")));
        }
        if size.area() > self.limits.area {
            return Err(too_large(format!(
                "the image is too large: {size} are {} pixels, and the maximum is {}",
                size.area(),
                self.limits.area
            )));
        }
        Ok(())
    }

    /// Verifies the pixels that the tiles of one picture have together. Those at its edges may overhang it.
    pub(super) fn check_tiles(&self, area: u64) -> Result<(), DecodeError> {
        let max = self.limits.area.saturating_mul(2);
        if area > max {
            return Err(too_large(format!(
                "the image is too large: its tiles have more than {max} pixels together"
            )));
        }
        Ok(())
    }

    /// Verifies the number of frames, and the pixels that all of them have together. A caller that counts frames calls
    /// this for each of them, so that the counting ends.
    pub(super) fn check_frames(&self, count: u32, area: u64) -> Result<(), DecodeError> {
        if count > self.limits.frames {
            return Err(too_large(format!(
                "the animation has more than {} frames",
                self.limits.frames
            )));
        }
        if count > 1 && area > self.limits.animation_area {
            return Err(too_large(format!(
                "the animation is too large: its frames have more than {} pixels together",
                self.limits.animation_area
            )));
        }
        Ok(())
    }
}

fn too_large(text: String) -> DecodeError {
    DecodeError::Limit(ServiceError::new(ErrorCode::TooManyPixels, text))
}
