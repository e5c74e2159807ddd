//! The options of one `transform()`. Lengths in pixels are multiplied by `dpr` here.

use safelight_protocol::{
    extension::{HEIGHT_SHARE, WIDTH_SHARE},
    steps::IMAGE_INDEX,
};
use serde_json::{Map, Value};

use super::{border, given_options, gravity, trim, value::OptionValue, warnings::Warnings};
use crate::{
    error::ServiceError,
    options::{Rotation, Transform},
};

/// The keys of a transform that are not options.
const INDICES: &[&str] = &[IMAGE_INDEX];

/// Parses the options of a transform, element number `element` of the array.
pub(super) fn parse(
    element: usize,
    keys: &Map<String, Value>,
    warnings: &mut Warnings,
) -> Result<Transform, ServiceError> {
    let mut transform = Transform::default();
    // All lengths depend on `dpr`, so it is read first.
    let dpr = given_options(element, keys, INDICES)
        .find(|option| option.key == "dpr")
        .map_or(Ok(1.0), |option| device_pixel_ratio(option, warnings))?;
    for option in given_options(element, keys, INDICES) {
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
            "brightness" => transform.adjustments.brightness = factor(option)?,
            "contrast" => transform.adjustments.contrast = factor(option)?,
            "gamma" => transform.adjustments.gamma = factor(option)?,
            // Unlike for the other factors, 0 is a value of its own here: grey.
            "saturation" => transform.adjustments.saturation = option.number_in(0.0, 255.0)?,
            "sharpen" => transform.sharpen = option.number_in(0.0, 10.0)?,
            "blur" => transform.blur = blur(option)?,
            unknown => warnings.ignored_option("transform()", unknown),
        }
    }
    Ok(transform)
}

fn share(option: OptionValue<'_>) -> Result<f64, ServiceError> {
    let share = option.number()?;
    if share <= 0.0 || share >= 1.0 {
        return Err(option.error("must be above 0 and below 1"));
    }
    Ok(share)
}

fn rotation(option: OptionValue<'_>) -> Result<Rotation, ServiceError> {
    // A fraction of a degree equals none of the five numbers, and is refused.
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

/// Parses a factor or an exponent. 0 counts as not given.
fn factor(option: OptionValue<'_>) -> Result<f64, ServiceError> {
    let number = option.number_in(0.0, 255.0)?;
    Ok(if number == 0.0 { 1.0 } else { number })
}

/// Parses a radius. Its fraction is dropped, because it has no effect.
fn blur(option: OptionValue<'_>) -> Result<u32, ServiceError> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 250"
    )]
    Ok(option.number_in(0.0, 250.0)? as u32)
}
