//! Brightness, contrast, gamma and saturation.

/// Adjustments of colour, applied in the order of the fields. 1 changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorAdjustments {
    /// The factor of every channel.
    pub brightness: f64,
    /// The factor of every channel's distance from the middle.
    pub contrast: f64,
    /// The exponent of every channel. A number below 1 lightens.
    pub gamma: f64,
    /// The factor of every channel's distance from grey.
    pub saturation: f64,
}

impl Default for ColorAdjustments {
    fn default() -> Self {
        Self {
            brightness: 1.0,
            contrast: 1.0,
            gamma: 1.0,
            saturation: 1.0,
        }
    }
}
