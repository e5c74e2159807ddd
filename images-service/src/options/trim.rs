//! What is cut off before anything else: by numbers, or by the colour of a border.

use super::Color;

/// What is cut off; the numbers first, then the border of what they leave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trim {
    /// What is cut off by numbers.
    pub cuts: Cuts,
    /// How a border is recognised, if one is to go.
    pub border: Option<BorderTrim>,
}

/// Cuts by number. A size that is kept goes before the far side's cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cuts {
    /// Cut from the top.
    pub top: Option<Length>,
    /// Cut from the right.
    pub right: Option<Length>,
    /// Cut from the bottom.
    pub bottom: Option<Length>,
    /// Cut from the left.
    pub left: Option<Length>,
    /// Width that is kept.
    pub width: Option<Length>,
    /// Height that is kept.
    pub height: Option<Length>,
}

/// A length along one axis of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// In pixels.
    Pixels(u32),
    /// As a fraction of the axis, between 0 and 1.
    Fraction(f64),
}

/// How a border is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorderTrim {
    /// Its colour; otherwise the corners tell.
    pub color: Option<Color>,
    /// The largest difference of a channel that still counts as the same.
    pub tolerance: u8,
    /// Pixels of it that stay on every side.
    pub keep: u32,
}

impl Default for BorderTrim {
    fn default() -> Self {
        Self {
            color: None,
            tolerance: 10,
            keep: 0,
        }
    }
}
