//! A border of one colour around a picture.

use super::Color;

/// A frame around a picture, with widths in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// The colour of the frame, corners included.
    pub color: Color,
    /// The number of rows added on top.
    pub top: u32,
    /// The number of columns added on the right.
    pub right: u32,
    /// The number of rows added below.
    pub bottom: u32,
    /// The number of columns added on the left.
    pub left: u32,
}

impl Default for Border {
    /// Returns a black border without any width.
    fn default() -> Self {
        Self {
            color: Color::BLACK,
            top: 0,
            right: 0,
            bottom: 0,
            left: 0,
        }
    }
}
