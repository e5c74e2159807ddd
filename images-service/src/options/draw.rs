//! One `draw()`: how an overlay is placed on its base and combined with it.

use safelight_protocol::{Composite, Repeat};

/// The checked options of one `draw()`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// 0 to 1.
    pub opacity: f32,
    /// How overlay and base are combined.
    pub composite: Composite,
    /// Along which axes the overlay is tiled.
    pub repeat: Option<Repeat>,
    /// Where on the horizontal axis.
    pub horizontal: Position,
    /// Where on the vertical axis.
    pub vertical: Position,
}

impl Default for Draw {
    /// Once, in the middle, on top, as it is.
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

/// Where an overlay stands on one axis, in pixels; negative values lie outside the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// In the middle, the odd pixel on the far side.
    #[default]
    Center,
    /// At a distance from the left or top edge.
    Start(i32),
    /// At a distance from the right or bottom edge.
    End(i32),
}
