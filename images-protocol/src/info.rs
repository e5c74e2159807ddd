//! The answer of `/info`.

use serde::{Deserialize, Serialize};

/// The description of an image, from its first bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// MIME type, such as `image/png`.
    pub format: String,
    /// Size and dimensions; absent for SVG, which has none.
    #[serde(flatten)]
    pub raster: Option<RasterInfo>,
}

/// The description of an image made of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RasterInfo {
    /// Size of the encoded image in bytes.
    pub file_size: u64,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
}
