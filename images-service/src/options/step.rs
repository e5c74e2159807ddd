//! One step of a request: a transform of one image, or a drawing of one image onto another.

use super::{Draw, Transform};

/// One step that the author asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A transform of one image.
    Transform {
        /// The index of the image.
        image: usize,
        /// The options of the transform.
        transform: Box<Transform>,
    },
    /// A drawing of one image onto another, never onto itself.
    Draw {
        /// The index of the image that is drawn.
        overlay: usize,
        /// The index of the image that receives it.
        target: usize,
        /// The options of the drawing.
        draw: Draw,
    },
}
