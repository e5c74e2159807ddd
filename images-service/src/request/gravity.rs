//! Which part of a picture survives a crop: a side, or a point.

use safelight_protocol::{GravityMode, Side};
use serde_json::Value;

use super::{Gravity, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

/// Reads a gravity, by name or by coordinates.
pub(super) fn parse(
    option: OptionValue<'_>,
    warnings: &mut Warnings,
) -> Result<Gravity, ServiceError> {
    match option.value {
        Value::String(_) => side(option),
        Value::Object(_) => point(option, warnings),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(option.error("must be a string or an object"))
        }
    }
}

/// The named side is the one that is not cropped.
fn side(option: OptionValue<'_>) -> Result<Gravity, ServiceError> {
    let (x, y) = match option.word()? {
        Side::Center => (0.5, 0.5),
        Side::Left => (0.0, 0.5),
        Side::Right => (1.0, 0.5),
        Side::Top => (0.5, 0.0),
        Side::Bottom => (0.5, 1.0),
        side @ (Side::Auto | Side::Entropy | Side::Face) => {
            return Err(option.error(format_args!("{side} is not supported yet")));
        }
    };
    Ok(Gravity::Remainder { x, y })
}

fn point(option: OptionValue<'_>, warnings: &mut Warnings) -> Result<Gravity, ServiceError> {
    let (mut x, mut y, mut mode) = (0.5, 0.5, GravityMode::Remainder);
    for (key, value) in option.value.as_object().into_iter().flatten() {
        if value.is_null() {
            continue;
        }
        let key = format!("{}.{key}", option.key);
        let inner = OptionValue {
            key: &key,
            value,
            ..option
        };
        match key.as_str() {
            "gravity.x" => x = inner.number_in(0.0, 1.0)?,
            "gravity.y" => y = inner.number_in(0.0, 1.0)?,
            "gravity.mode" => mode = inner.word()?,
            unknown => warnings.ignored_option("transform()", unknown),
        }
    }
    Ok(match mode {
        GravityMode::Remainder => Gravity::Remainder { x, y },
        GravityMode::BoxCenter => Gravity::BoxCenter { x, y },
    })
}
