//! One `transform()`: every change of one image, in whatever order its author wrote them.

use std::borrow::Cow;

use safelight_protocol::{Fit, Flip, Segment, Upscale};

use super::{Border, Color, ColorAdjustments, Gravity, Size, Trim, round_half_up};

/// The checked options of one `transform()`. Lengths in pixels have been multiplied by `dpr` already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transform {
    /// Cuts, which come first.
    pub trim: Trim,
    /// Mirroring, before rotation.
    pub flip: Option<Flip>,
    /// Clockwise rotation.
    pub rotate: Rotation,
    /// The part that is kept opaque.
    pub segment: Option<Segment>,
    /// Requested width in pixels, at least 1.
    pub width: Option<u32>,
    /// Requested height in pixels, at least 1.
    pub height: Option<u32>,
    /// Width as a fraction of the base's, between 0 and 1; only of overlays.
    pub width_share: Option<f64>,
    /// Height as a fraction of the base's, between 0 and 1; only of overlays.
    pub height_share: Option<f64>,
    /// How the picture meets width and height; by default as [`Fit::ScaleDown`].
    pub fit: Option<Fit>,
    /// Which part survives a crop.
    pub gravity: Gravity,
    /// How closely a crop by [`Gravity::Face`] follows the faces: 0 to 1.
    pub zoom: f64,
    /// How enlarging is done; by default by [`Upscale::Interpolate`].
    pub upscale: Option<Upscale>,
    /// Colour under the picture, and of padding.
    pub background: Option<Color>,
    /// A frame around the picture.
    pub border: Border,
    /// Brightness, contrast, gamma, saturation.
    pub adjustments: ColorAdjustments,
    /// Strength of the unsharp mask: 0 to 10, and 0 is none.
    pub sharpen: f64,
    /// Radius of the blur in pixels: 0 to 250, and 0 is none.
    pub blur: u32,
}

/// Clockwise rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Not rotated (0 or 360 degrees).
    #[default]
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

impl Transform {
    /// The width and height that a picture is cropped to, if this crops at all.
    #[must_use]
    pub fn crop_target(&self) -> Option<(u32, u32)> {
        match self.fit? {
            Fit::Cover | Fit::Crop | Fit::AspectCrop => self.width.zip(self.height),
            Fit::ScaleDown | Fit::ScaleUp | Fit::Contain | Fit::Pad | Fit::Squeeze => None,
        }
    }

    /// Whether its size depends on the base's.
    #[must_use]
    pub const fn has_shares(&self) -> bool {
        self.width_share.is_some() || self.height_share.is_some()
    }

    /// The same beside a base of this size: its shares in pixels.
    #[must_use]
    pub fn beside(&self, base: Size) -> Cow<'_, Self> {
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
