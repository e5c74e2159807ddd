//! The options of one `transform()`: every change of one image, in whatever order its author wrote them.

use std::borrow::Cow;

use safelight_protocol::{Fit, Flip, Segment, Upscale};

use super::{Border, Color, ColorAdjustments, Gravity, Size, Trim, round_half_up};

/// The checked options of one `transform()`. Lengths in pixels are already multiplied by `dpr`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transform {
    /// The cuts, which come first.
    pub trim: Trim,
    /// The mirroring, before rotation.
    pub flip: Option<Flip>,
    /// The clockwise rotation.
    pub rotate: Rotation,
    /// The part that is kept opaque.
    pub segment: Option<Segment>,
    /// The requested width in pixels, at least 1.
    pub width: Option<u32>,
    /// The requested height in pixels, at least 1.
    pub height: Option<u32>,
    /// The width as a fraction of the base's, between 0 and 1; only of overlays.
    pub width_share: Option<f64>,
    /// The height as a fraction of the base's, between 0 and 1; only of overlays.
    pub height_share: Option<f64>,
    /// The mode of `fit`; by default [`Fit::ScaleDown`].
    pub fit: Option<Fit>,
    /// The part that a crop keeps.
    pub gravity: Gravity,
    /// The zoom of a crop by [`Gravity::Face`], from 0, the largest part, to 1, the faces alone.
    pub zoom: f64,
    /// The way to enlarge; by default [`Upscale::Interpolate`].
    pub upscale: Option<Upscale>,
    /// The colour under the picture, and of padding.
    pub background: Option<Color>,
    /// A frame around the picture.
    pub border: Border,
    /// Brightness, contrast, gamma, saturation.
    pub adjustments: ColorAdjustments,
    /// The strength of the unsharp mask, 0 to 10. 0 does nothing.
    pub sharpen: f64,
    /// The radius of the blur in pixels, 0 to 250. 0 does nothing.
    pub blur: u32,
}

/// Clockwise rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Not rotated (0 or 360 degrees).
    #[default]
    None,
    /// Rotated by 90 degrees.
    Quarter,
    /// Rotated by 180 degrees.
    Half,
    /// Rotated by 270 degrees.
    ThreeQuarters,
}

impl Transform {
    /// Returns the width and height that a picture is cropped to, if the transform crops.
    #[must_use]
    pub fn crop_target(&self) -> Option<(u32, u32)> {
        match self.fit? {
            Fit::Cover | Fit::Crop | Fit::AspectCrop => self.width.zip(self.height),
            Fit::ScaleDown | Fit::ScaleUp | Fit::Contain | Fit::Pad | Fit::Squeeze => None,
        }
    }

    /// Whether the size of the result depends on the base's.
    #[must_use]
    pub const fn has_shares(&self) -> bool {
        self.width_share.is_some() || self.height_share.is_some()
    }

    /// Returns the transform beside a base of this size, with its shares in pixels.
    #[must_use]
    pub fn resolve_shares(&self, base: Size) -> Cow<'_, Self> {
        if !self.has_shares() {
            return Cow::Borrowed(self);
        }
        let pixels = |share: Option<f64>, side: u32| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction of a side is no longer than the side"
            )]
            share.map(|share| round_half_up(share * f64::from(side)).max(1.0) as u32)
        };
        Cow::Owned(Self {
            width: pixels(self.width_share, base.width).or(self.width),
            height: pixels(self.height_share, base.height).or(self.height),
            width_share: None,
            height_share: None,
            ..self.clone()
        })
    }
}
