//! The options of one `transform()`.

use safelight_protocol::{
    Fit, Flip, Segment, Upscale,
    extension::{HEIGHT_SHARE, WIDTH_SHARE},
    steps::IMAGE_INDEX,
};
use serde_json::{Map, Value};

use super::{
    Border, Color, Gravity, Tone, Trim, border, gravity, options, trim,
    value::{self, OptionValue},
    warnings::Warnings,
};
use crate::{error::ServiceError, geometry::Size};

/// The checked options of one `transform()`. Lengths in pixels have been multiplied by `dpr` already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transform {
    /// What is cut off first.
    pub trim: Trim,
    /// Mirroring, before rotation.
    pub flip: Option<Flip>,
    /// Clockwise rotation.
    pub rotate: Rotation,
    /// What is separated from the rest.
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
    /// What the picture grows by.
    pub border: Border,
    /// Brightness, contrast, gamma, saturation.
    pub tone: Tone,
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

/// What a transform says besides its options.
const INDICES: &[&str] = &[IMAGE_INDEX];

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
    pub fn beside(&self, base: Size) -> Self {
        let pixels = |share: Option<f64>, side: u32| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction of a side is no longer than the side"
            )]
            share.map(|share| value::round(share * f64::from(side)).max(1.0) as u32)
        };
        Self {
            width: pixels(self.width_share, base.width).or(self.width),
            height: pixels(self.height_share, base.height).or(self.height),
            width_share: None,
            height_share: None,
            ..self.clone()
        }
    }

    /// Checks the options of a transform, element number `element` of the array.
    pub(super) fn parse(
        element: usize,
        keys: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> Result<Self, ServiceError> {
        let mut transform = Self::default();
        // All lengths depend on it, wherever it stands.
        let dpr = options(element, keys, INDICES)
            .find(|option| option.key == "dpr")
            .map_or(Ok(1.0), |option| device_pixel_ratio(option, warnings))?;
        for option in options(element, keys, INDICES) {
            match option.key {
                "dpr" => {}
                "trim" => transform.trim = trim::parse(option, dpr, warnings)?,
                "flip" => transform.flip = Some(option.word()?),
                "rotate" => transform.rotate = rotation(option)?,
                "segment" => transform.segment = Some(option.word()?),
                "width" => transform.width = Some(option.dimension(dpr)?),
                "height" => transform.height = Some(option.dimension(dpr)?),
                WIDTH_SHARE => transform.width_share = Some(share(option)?),
                HEIGHT_SHARE => transform.height_share = Some(share(option)?),
                "fit" => transform.fit = Some(option.word()?),
                "gravity" => transform.gravity = gravity::parse(option, warnings)?,
                "zoom" => transform.zoom = option.number_in(0.0, 1.0)?,
                "upscale" => transform.upscale = Some(option.word()?),
                "background" => transform.background = Some(option.color()?),
                "border" => transform.border = border::parse(option, dpr, warnings)?,
                "brightness" => transform.tone.brightness = factor(option)?,
                "contrast" => transform.tone.contrast = factor(option)?,
                "gamma" => transform.tone.gamma = factor(option)?,
                // Unlike the others, 0 is a value of its own here: grey.
                "saturation" => transform.tone.saturation = option.number_in(0.0, 255.0)?,
                "sharpen" => transform.sharpen = option.number_in(0.0, 10.0)?,
                "blur" => transform.blur = blur(option)?,
                unknown => warnings.ignored_option("transform()", unknown),
            }
        }
        Ok(transform)
    }
}

fn share(option: OptionValue<'_>) -> Result<f64, ServiceError> {
    let share = option.number()?;
    if share <= 0.0 || share >= 1.0 {
        return Err(option.error("must be above 0 and below 1"));
    }
    Ok(share)
}

fn rotation(option: OptionValue<'_>) -> Result<Rotation, ServiceError> {
    // Fractions of a degree are none of the five, so nothing is lost by looking at whole numbers alone.
    let degrees = option.number()?;
    [
        (0.0, Rotation::None),
        (90.0, Rotation::Quarter),
        (180.0, Rotation::Half),
        (270.0, Rotation::ThreeQuarters),
        (360.0, Rotation::None),
    ]
    .into_iter()
    .find_map(|(value, rotation)| (degrees == value).then_some(rotation))
    .ok_or_else(|| option.error("must be 0, 90, 180, 270 or 360"))
}

fn device_pixel_ratio(
    option: OptionValue<'_>,
    warnings: &mut Warnings,
) -> Result<f64, ServiceError> {
    let ratio = option.number()?;
    if ratio <= 0.0 || ratio > 10.0 {
        return Err(option.error("must be above 0 and at most 10"));
    }
    if ratio > 3.0 {
        warnings.add("dpr > 3 should never be used".to_owned());
    }
    Ok(ratio)
}

/// A factor or an exponent, for which 0 means that it was not given.
fn factor(option: OptionValue<'_>) -> Result<f64, ServiceError> {
    let number = option.number_in(0.0, 255.0)?;
    Ok(if number == 0.0 { 1.0 } else { number })
}

/// A radius; below 1 there is no effect, and above it fractions have none.
fn blur(option: OptionValue<'_>) -> Result<u32, ServiceError> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 250"
    )]
    Ok(option.number_in(0.0, 250.0)? as u32)
}
