//! From encoded bytes to upright sRGB pixels.

use safelight_protocol::{ErrorCode, ImageInfo};

use crate::{error::ServiceError, limits::Limits};

/// What an image is, without decoding its pixels.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo, ServiceError> {
    let _ = (bytes, limits);
    Err(ServiceError::new(ErrorCode::Internal, "no pixels yet"))
}
