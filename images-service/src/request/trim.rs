//! What is cut off before anything else: by numbers, or by the colour of a border.

use serde_json::Value;

use super::{Color, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

/// What is cut off; the numbers first, then the border of what they leave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trim {
    /// What is cut off by numbers.
    pub cuts: Cuts,
    /// How a border is recognised, if one is to go.
    pub border: Option<BorderTrim>,
}

/// Cuts by number. A size that is kept goes before the far side's cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cuts {
    /// Cut from the top.
    pub top: Option<Length>,
    /// Cut from the right.
    pub right: Option<Length>,
    /// Cut from the bottom.
    pub bottom: Option<Length>,
    /// Cut from the left.
    pub left: Option<Length>,
    /// Width that is kept.
    pub width: Option<Length>,
    /// Height that is kept.
    pub height: Option<Length>,
}

/// A length along one axis of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// In pixels.
    Pixels(u32),
    /// As a fraction of the axis, between 0 and 1.
    Fraction(f64),
}

/// How a border is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorderTrim {
    /// Its colour; otherwise the corners tell.
    pub color: Option<Color>,
    /// The largest difference of a channel that still counts as the same.
    pub tolerance: u8,
    /// Pixels of it that stay on every side.
    pub keep: u32,
}

impl Default for BorderTrim {
    fn default() -> Self {
        Self {
            color: None,
            tolerance: 10,
            keep: 0,
        }
    }
}

/// Reads a trim: the word `border`, or an object.
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
        Value::Bool(wanted) => return Ok(wanted.then_some(border)),
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

/// Differences are whole numbers, so that a fraction changes nothing.
fn tolerance(option: OptionValue<'_>) -> Result<u8, ServiceError> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255"
    )]
    Ok(option.number_in(0.0, 255.0)?.floor() as u8)
}
