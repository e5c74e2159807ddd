//! The option `trim`: the word `border`, or an object of cuts.

use serde_json::Value;

use super::{value::OptionValue, warnings::Warnings};
use crate::{
    error::ServiceError,
    options::{BorderTrim, Length, Trim},
};

/// Parses a trim: the word `border`, or an object.
pub(super) fn parse(
    option: OptionValue<'_>,
    dpr: f64,
    warnings: &mut Warnings,
) -> Result<Trim, ServiceError> {
    let mut trim = Trim::default();
    match option.value {
        Value::String(word) if word == "border" => trim.border = Some(BorderTrim::default()),
        Value::Object(_) => option.each(|name, inner| {
            let cuts = &mut trim.cuts;
            match name {
                "top" => cuts.top = Some(length(inner, dpr)?),
                "right" => cuts.right = Some(length(inner, dpr)?),
                "bottom" => cuts.bottom = Some(length(inner, dpr)?),
                "left" => cuts.left = Some(length(inner, dpr)?),
                "width" => cuts.width = Some(length(inner, dpr)?),
                "height" => cuts.height = Some(length(inner, dpr)?),
                "border" => trim.border = border(inner, dpr, warnings)?,
                _ => warnings.ignored_option("transform()", inner.key),
            }
            Ok(())
        })?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(option.error("must be border or an object"));
        }
    }
    Ok(trim)
}

fn length(option: OptionValue<'_>, dpr: f64) -> Result<Length, ServiceError> {
    let number = option.number()?;
    if number > 0.0 && number < 1.0 {
        return Ok(Length::Fraction(number));
    }
    option.length(dpr).map(Length::Pixels)
}

fn border(
    option: OptionValue<'_>,
    dpr: f64,
    warnings: &mut Warnings,
) -> Result<Option<BorderTrim>, ServiceError> {
    let mut border = BorderTrim::default();
    match option.value {
        Value::Bool(enabled) => return Ok(enabled.then_some(border)),
        Value::Object(_) => option.each(|name, inner| {
            match name {
                "color" => border.color = Some(inner.color()?),
                "tolerance" => border.tolerance = tolerance(inner)?,
                "keep" => border.keep = inner.length(dpr)?,
                _ => warnings.ignored_option("transform()", inner.key),
            }
            Ok(())
        })?,
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(option.error("must be true, false or an object"));
        }
    }
    Ok(Some(border))
}

/// Parses a tolerance. Differences are whole numbers, so its fraction has no effect.
fn tolerance(option: OptionValue<'_>) -> Result<u8, ServiceError> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255"
    )]
    Ok(option.number_in(0.0, 255.0)?.floor() as u8)
}
