//! Models for options that need one, and the approximations without them.

use crate::{image::Image, options::Rect};

/// The models of a service; none by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Models {
    /// Finds faces in an upright picture.
    pub faces: Option<fn(&Image) -> Vec<Rect>>,
    /// Tells the subject from what is behind it: one byte per pixel, 0 for what is to become transparent.
    pub foreground: Option<fn(&Image) -> Vec<u8>>,
    /// Whether a request that needs a model fails without it, with code 9522, instead of being approximated.
    pub strict: bool,
}

/// What is done instead of asking a model that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximation {
    /// A crop by faces is centred.
    Face,
    /// The subject is what the colour of the edges does not reach.
    Segment,
    /// Enlarging invents no detail.
    Upscale,
}

impl Approximation {
    /// The text for the caller.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Face => "face detection unavailable",
            Self::Segment => "segment approximated",
            Self::Upscale => "upscale=generate approximated",
        }
    }
}
