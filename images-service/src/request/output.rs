//! The options of the output, each a part of the form.

use safelight_protocol::{ErrorCode, Format, NamedQuality, form};

use super::{Output, color, value::round};
use crate::{error::ServiceError, form::TransformForm};

impl Output {
    /// Checks the options of the output.
    pub(super) fn parse(form: &TransformForm) -> Result<Self, ServiceError> {
        if let Some(anim) = &form.anim {
            check_anim(anim)?;
        }
        Ok(Self {
            format: format(&form.output_format)?,
            quality: form.output_quality.as_deref().map(quality).transpose()?,
            background: form
                .background
                .as_deref()
                .map(|text| {
                    color::parse(text).ok_or_else(|| bad(form::BACKGROUND, "must be a CSS colour"))
                })
                .transpose()?,
        })
    }
}

fn format(text: &str) -> Result<Format, ServiceError> {
    let format: Format = text.parse().map_err(|error| {
        ServiceError::new(
            ErrorCode::BadRequest,
            format!("invalid output format: {} {error}", form::OUTPUT_FORMAT),
        )
    })?;
    match format {
        Format::Jpeg | Format::Png | Format::Webp | Format::Rgb | Format::Rgba => Ok(format),
        Format::Gif | Format::Avif => Err(bad(
            form::OUTPUT_FORMAT,
            &format!("{format} is not supported yet"),
        )),
    }
}

/// A number, rounded and moved into 1 to 100, or a level by name.
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
    Ok(round(number).clamp(1.0, 100.0) as u8)
}

/// No format that is supported so far keeps an animation, so both values come to the same.
fn check_anim(text: &str) -> Result<(), ServiceError> {
    match text {
        "true" | "false" => Ok(()),
        _ => Err(bad(form::ANIM, "must be true or false")),
    }
}

fn bad(part: &str, fault: &str) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, format!("{part} {fault}"))
}
