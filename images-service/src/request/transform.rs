//! The options of one `transform()`.

use safelight_protocol::{Segment, Upscale};
use serde_json::{Map, Value};

use super::{Rotation, Transform, gravity, options, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

impl Transform {
    /// Checks the options of a transform, element number `element` of the array.
    pub(super) fn parse(
        element: usize,
        keys: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> Result<Self, ServiceError> {
        let mut transform = Self::default();
        for option in options(element, keys) {
            match option.key {
                "width" => transform.width = Some(option.dimension()?),
                "height" => transform.height = Some(option.dimension()?),
                "fit" => transform.fit = Some(option.word()?),
                "gravity" => transform.gravity = gravity::parse(option, warnings)?,
                "flip" => transform.flip = Some(option.word()?),
                "rotate" => transform.rotate = rotation(option)?,
                "background" => transform.background = Some(option.color()?),
                _ => check_neutral(option, warnings)?,
            }
        }
        Ok(transform)
    }
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

/// Options that are not supported yet pass with the value that changes nothing.
fn check_neutral(option: OptionValue<'_>, warnings: &mut Warnings) -> Result<(), ServiceError> {
    let changes_nothing = match option.key {
        "dpr" => device_pixel_ratio(option)? == 1.0,
        // Only a crop around faces looks at it, and that is refused as a gravity.
        "zoom" => option.number_in(0.0, 1.0).map(|_| true)?,
        "upscale" => option.word::<Upscale>()? == Upscale::Interpolate,
        "brightness" | "contrast" | "gamma" => one_of(option, &[0.0, 1.0], 255.0)?,
        "saturation" => one_of(option, &[1.0], 255.0)?,
        "sharpen" => one_of(option, &[0.0], 10.0)?,
        "blur" => option.number_in(0.0, 250.0)? < 1.0,
        "segment" => option.word::<Segment>().map(|_| false)?,
        "trim" | "border" => false,
        unknown => {
            warnings.ignored_option("transform()", unknown);
            true
        }
    };
    if changes_nothing {
        Ok(())
    } else {
        Err(option.unsupported())
    }
}

fn device_pixel_ratio(option: OptionValue<'_>) -> Result<f64, ServiceError> {
    let ratio = option.number()?;
    if ratio > 0.0 && ratio <= 10.0 {
        Ok(ratio)
    } else {
        Err(option.error("must be above 0 and at most 10"))
    }
}

fn one_of(option: OptionValue<'_>, neutral: &[f64], most: f64) -> Result<bool, ServiceError> {
    let number = option.number_in(0.0, most)?;
    Ok(neutral.contains(&number))
}
