//! A border of one colour, by which a picture grows.

use super::Color;

/// A frame around a picture; widths in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Colour of the frame, corners included.
    pub color: Color,
    /// Rows added on top.
    pub top: u32,
    /// Columns added on the right.
    pub right: u32,
    /// Rows added below.
    pub bottom: u32,
    /// Columns added on the left.
    pub left: u32,
}

impl Default for Border {
    /// Black, and without any width.
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
