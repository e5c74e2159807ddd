//! One step of a request: a transform of one image, or a drawing of one image onto another.

use super::{Draw, Transform};

/// One thing that the author asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Change one image.
    Transform {
        /// Index of the image.
        image: usize,
        /// The change.
        transform: Box<Transform>,
    },
    /// Draw one image onto another; never onto itself.
    Draw {
        /// Index of the image that is drawn.
        overlay: usize,
        /// Index of the image that receives it.
        target: usize,
        /// Where and how.
        draw: Draw,
    },
}
