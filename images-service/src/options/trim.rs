//! The cuts that come before all other changes: by numbers, or by the colour of a border.

use super::Color;

/// The cuts by numbers, and then the border of the part that they leave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trim {
    /// The cuts by numbers.
    pub cuts: Cuts,
    /// The recognition of a border, if a border is removed.
    pub border: Option<BorderTrim>,
}

/// Cuts by numbers. A width or height that is kept takes precedence over the cut of the far side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cuts {
    /// The length that is cut from the top.
    pub top: Option<Length>,
    /// The length that is cut from the right.
    pub right: Option<Length>,
    /// The length that is cut from the bottom.
    pub bottom: Option<Length>,
    /// The length that is cut from the left.
    pub left: Option<Length>,
    /// The width that is kept.
    pub width: Option<Length>,
    /// The height that is kept.
    pub height: Option<Length>,
}

/// A length along one axis of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// A number of pixels.
    Pixels(u32),
    /// A fraction of the axis, between 0 and 1.
    Fraction(f64),
}

/// The recognition of a border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorderTrim {
    /// The colour of the border; by default the corners decide.
    pub color: Option<Color>,
    /// The largest difference of a channel that still counts as the same.
    pub tolerance: u8,
    /// The pixels of the border that stay on every side.
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
