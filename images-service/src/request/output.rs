//! The options of the output, each a part of the form.

use safelight_protocol::{ErrorCode, Format, NamedQuality, form};

use super::{color, extension};
use crate::{
    error::ServiceError,
    form::TransformForm,
    options::{Frames, Output, round_half_up},
};

/// Parses the options of the output.
pub(super) fn parse(form: &TransformForm) -> Result<Output, ServiceError> {
    Ok(Output {
        format: format(&form.output_format)?,
        quality: form.output_quality.as_deref().map(quality).transpose()?,
        background: form
            .background
            .as_deref()
            .map(|text| {
                color::parse(text).ok_or_else(|| bad(form::BACKGROUND, "must be a CSS colour"))
            })
            .transpose()?,
        frames: form.anim.as_deref().map_or(Ok(Frames::All), frames)?,
        scan: extension::scan(&form.extension)?,
    })
}

fn format(text: &str) -> Result<Format, ServiceError> {
    text.parse().map_err(|error| {
        ServiceError::new(
            ErrorCode::BadRequest,
            format!("invalid output format: {} {error}", form::OUTPUT_FORMAT),
        )
    })
}

/// Parses a quality: a number, rounded and clamped to 1..100, or a level by name.
fn quality(text: &str) -> Result<u8, ServiceError> {
    if let Ok(name) = text.parse() {
        return Ok(match name {
            NamedQuality::High => 90,
            NamedQuality::MediumHigh => 70,
            NamedQuality::MediumLow => 50,
            NamedQuality::Low => 35,
        });
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| {
        bad(
            form::OUTPUT_QUALITY,
            "must be a number from 1 to 100, high, medium-high, medium-low or low",
        )
    })?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and 100"
    )]
    Ok(round_half_up(number).clamp(1.0, 100.0) as u8)
}

fn frames(anim: &str) -> Result<Frames, ServiceError> {
    match anim {
        "true" => Ok(Frames::All),
        "false" => Ok(Frames::First),
        _ => Err(bad(form::ANIM, "must be true or false")),
    }
}

fn bad(part: &str, problem: &str) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, format!("{part} {problem}"))
}
