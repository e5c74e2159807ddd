//! The models of options that need a trained one, and the approximations without them.

use serde::{Deserialize, Serialize};

use crate::{image::Image, options::Rect};

/// The models of a service; none by default.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Models {
    /// The function that finds faces in an upright picture.
    #[serde(skip)]
    pub faces: Option<fn(&Image) -> Vec<Rect>>,
    /// The function that separates the subject from the background: one byte per pixel, 0 for a pixel that becomes
    /// transparent.
    #[serde(skip)]
    pub foreground: Option<fn(&Image) -> Vec<u8>>,
    /// Whether a request that needs a model fails without it, with code 9522, instead of being approximated.
    pub strict: bool,
}

/// An approximation that replaces a missing model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximation {
    /// A crop by faces is centred.
    Face,
    /// The subject is the part that a flood fill from the edges does not reach.
    Segment,
    /// A resize enlarges the picture without inventing detail.
    Upscale,
}

impl Approximation {
    /// Returns the text for the caller.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Face => "face detection unavailable",
            Self::Segment => "segment approximated",
            Self::Upscale => "upscale=generate approximated",
        }
    }
}
