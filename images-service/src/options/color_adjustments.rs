//! Brightness, contrast, gamma and saturation.

/// Adjustments of colour, done in the order of the fields; 1 is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorAdjustments {
    /// What every channel is multiplied by.
    pub brightness: f64,
    /// What every channel's distance from the middle is multiplied by.
    pub contrast: f64,
    /// The exponent of every channel: below 1 is lighter.
    pub gamma: f64,
    /// What every channel's distance from grey is multiplied by.
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
