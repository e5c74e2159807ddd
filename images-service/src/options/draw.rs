//! The options of one `draw()`: the place of an overlay on its base, and the way both are combined.

use safelight_protocol::{Composite, Repeat};

/// The checked options of one `draw()`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The opacity of the overlay, 0 to 1.
    pub opacity: f32,
    /// The operator that combines overlay and base.
    pub composite: Composite,
    /// The axes along which the overlay is tiled.
    pub repeat: Option<Repeat>,
    /// The position on the horizontal axis.
    pub horizontal: Position,
    /// The position on the vertical axis.
    pub vertical: Position,
}

impl Default for Draw {
    /// Returns the options of an opaque overlay that is drawn once, in the middle, over the base.
    fn default() -> Self {
        Self {
            opacity: 1.0,
            composite: Composite::Over,
            repeat: None,
            horizontal: Position::Center,
            vertical: Position::Center,
        }
    }
}

/// The position of an overlay on one axis, in pixels. Negative values lie outside the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// The middle. An odd pixel is on the far side.
    #[default]
    Center,
    /// The distance from the left or top edge.
    Start(i32),
    /// The distance from the right or bottom edge.
    End(i32),
}
