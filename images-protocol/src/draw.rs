//! The options of one `draw()`.

use serde::{Serialize, Serializer};

use crate::words;

/// The position and the appearance of an overlay. Fields that are `None` are left out on the wire.
///
/// A distance from an edge may be negative, and is rounded to whole pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImageDrawOptions {
    /// Opacity, 0 to 1; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opacity: Option<f64>,
    /// Tiling; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// The operator that combines overlay and base; default [`Composite::Over`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composite: Option<Composite>,
    /// The distance in pixels from the top edge; not together with `bottom`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<f64>,
    /// The distance in pixels from the left edge; not together with `right`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
    /// The distance in pixels from the bottom edge; not together with `top`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottom: Option<f64>,
    /// The distance in pixels from the right edge; not together with `left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<f64>,
}

impl ImageDrawOptions {
    /// No options: centred, opaque, drawn once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the opacity, 0 to 1.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = Some(opacity);
        self
    }

    /// Tiles the overlay.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    /// Sets the operator that combines overlay and base.
    #[must_use]
    pub fn composite(mut self, composite: Composite) -> Self {
        self.composite = Some(composite);
        self
    }

    /// Sets the distance from the top edge in pixels, which may be negative.
    #[must_use]
    pub fn top(mut self, pixels: impl Into<f64>) -> Self {
        self.top = Some(pixels.into());
        self
    }

    /// Sets the distance from the left edge in pixels, which may be negative.
    #[must_use]
    pub fn left(mut self, pixels: impl Into<f64>) -> Self {
        self.left = Some(pixels.into());
        self
    }

    /// Sets the distance from the bottom edge in pixels, which may be negative.
    #[must_use]
    pub fn bottom(mut self, pixels: impl Into<f64>) -> Self {
        self.bottom = Some(pixels.into());
        self
    }

    /// Sets the distance from the right edge in pixels, which may be negative.
    #[must_use]
    pub fn right(mut self, pixels: impl Into<f64>) -> Self {
        self.right = Some(pixels.into());
        self
    }
}

/// The axes along which an overlay is tiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Over the whole base.
    Both,
    /// In one row.
    X,
    /// In one column.
    Y,
}

impl Serialize for Repeat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Both => serializer.serialize_bool(true),
            Self::X => serializer.serialize_str("x"),
            Self::Y => serializer.serialize_str("y"),
        }
    }
}

words! {
    /// The operator that combines an overlay and its base.
    pub enum Composite {
        /// The overlay on top.
        Over = "over",
        /// The overlay only where the base is opaque; the base is erased inside the box.
        In = "in",
        /// The overlay clipped to the base's shape.
        Atop = "atop",
        /// The overlay only where the base is transparent.
        Out = "out",
        /// Each only where the other is transparent.
        Xor = "xor",
        /// The sum of both.
        Lighter = "lighter",
    }
}
