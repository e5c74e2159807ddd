//! The option `gravity`: the name of a side or method, or a point.

use safelight_protocol::{GravityMode, Side};
use serde_json::Value;

use super::{value::OptionValue, warnings::Warnings};
use crate::{error::ServiceError, options::Gravity};

/// Parses a gravity, by name or by coordinates.
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

/// Parses a side or a method. The named side is the one that is not cropped.
fn side(option: OptionValue<'_>) -> Result<Gravity, ServiceError> {
    let at = |x, y| Gravity::Remainder { x, y };
    Ok(match option.word()? {
        Side::Center => Gravity::CENTER,
        Side::Left => at(0.0, 0.5),
        Side::Right => at(1.0, 0.5),
        Side::Top => at(0.5, 0.0),
        Side::Bottom => at(0.5, 1.0),
        Side::Auto => Gravity::Auto,
        Side::Entropy => Gravity::Entropy,
        Side::Face => Gravity::Face,
    })
}

fn point(option: OptionValue<'_>, warnings: &mut Warnings) -> Result<Gravity, ServiceError> {
    let (mut x, mut y, mut mode) = (0.5, 0.5, GravityMode::Remainder);
    option.each(|name, inner| {
        match name {
            "x" => x = inner.number_in(0.0, 1.0)?,
            "y" => y = inner.number_in(0.0, 1.0)?,
            "mode" => mode = inner.word()?,
            _ => warnings.ignored_option("transform()", inner.key),
        }
        Ok(())
    })?;
    Ok(match mode {
        GravityMode::Remainder => Gravity::Remainder { x, y },
        GravityMode::BoxCenter => Gravity::BoxCenter { x, y },
    })
}
