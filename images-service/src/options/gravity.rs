//! Which part of a picture survives a crop: a side, a point, or what its content decides.

/// Which part survives a crop; numbers are fractions of each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gravity {
    /// The fraction divides what is cropped away.
    Remainder {
        /// 0 is flush left, 1 flush right.
        x: f64,
        /// 0 is flush top, 1 flush bottom.
        y: f64,
    },
    /// The crop is centred on the point, then moved inside the picture.
    BoxCenter {
        /// 0 is the left edge, 1 the right.
        x: f64,
        /// 0 is the top edge, 1 the bottom.
        y: f64,
    },
    /// Where the picture differs most from its surroundings.
    Auto,
    /// Where the picture has the most detail.
    Entropy,
    /// Where the faces are.
    Face,
}

impl Gravity {
    /// The middle, and what a crop falls back to.
    pub const CENTER: Self = Self::Remainder { x: 0.5, y: 0.5 };
}

impl Default for Gravity {
    fn default() -> Self {
        Self::CENTER
    }
}
