//! The part of a picture that a crop keeps: at a side, around a point, or by its content.

/// The part of a picture that a crop keeps. Numbers are fractions of each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gravity {
    /// The fraction divides the part that is cropped away.
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
    /// The crop is where the picture differs most from its surroundings.
    Auto,
    /// The crop is where the picture has the most detail.
    Entropy,
    /// The crop is around the faces.
    Face,
}

impl Gravity {
    /// The middle, which every other gravity falls back to.
    pub const CENTER: Self = Self::Remainder { x: 0.5, y: 0.5 };
}

impl Default for Gravity {
    fn default() -> Self {
        Self::CENTER
    }
}
