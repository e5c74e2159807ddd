//! One option of the `transforms` array: its place for messages, and its value by type.

use std::{fmt, str::FromStr};

use safelight_protocol::{ErrorCode, UnknownWordError};
use serde_json::Value;

use super::color;
use crate::{
    error::ServiceError,
    options::{Color, round_half_up},
};

/// One option: its place and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct OptionValue<'a> {
    /// The index of the element in the array.
    pub(super) element: usize,
    /// The option's key, with a dot between two levels.
    pub(super) key: &'a str,
    /// The value; never `null`, which means the same as no option.
    pub(super) value: &'a Value,
}

impl OptionValue<'_> {
    /// Returns the error that names the option: `transforms[3].width must be at least 1`.
    pub(super) fn error(&self, problem: impl fmt::Display) -> ServiceError {
        let Self { element, key, .. } = self;
        ServiceError::new(
            ErrorCode::BadRequest,
            format!("transforms[{element}].{key} {problem}"),
        )
    }

    pub(super) fn number(&self) -> Result<f64, ServiceError> {
        self.value
            .as_f64()
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.error("must be a number"))
    }

    /// Returns a number within both bounds.
    pub(super) fn number_in(&self, min: f64, max: f64) -> Result<f64, ServiceError> {
        let number = self.number()?;
        if (min..=max).contains(&number) {
            Ok(number)
        } else {
            Err(self.error(format_args!("must be between {min} and {max}")))
        }
    }

    /// Returns a whole number of pixels, at least 1, multiplied by `dpr`.
    pub(super) fn dimension(&self, dpr: f64) -> Result<u32, ServiceError> {
        let rounded = round_half_up(self.number()?);
        if rounded < 1.0 {
            return Err(self.error("must be at least 1"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1; `as` saturates at the largest u32, which is beyond every limit"
        )]
        Ok(round_half_up(rounded * dpr).max(1.0) as u32)
    }

    /// Returns a length in pixels, 0 or more, multiplied by `dpr`.
    pub(super) fn length(&self, dpr: f64) -> Result<u32, ServiceError> {
        let number = self.number()?;
        if number < 0.0 {
            return Err(self.error("must be at least 0"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0; `as` saturates at the largest u32, which is beyond every limit"
        )]
        Ok(round_half_up(number * dpr) as u32)
    }

    /// Returns a whole number of pixels, which may be negative.
    pub(super) fn offset(&self) -> Result<i32, ServiceError> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates at the outermost i32, which is outside of every picture"
        )]
        Ok(round_half_up(self.number()?) as i32)
    }

    pub(super) fn string(&self) -> Result<&str, ServiceError> {
        self.value
            .as_str()
            .ok_or_else(|| self.error("must be a string"))
    }

    /// Returns one word of a closed set.
    pub(super) fn word<T: FromStr<Err = UnknownWordError>>(&self) -> Result<T, ServiceError> {
        self.string()?.parse().map_err(|error| self.error(error))
    }

    /// Calls `read` for each option of an object, with its own name and its place. `null` is no option.
    pub(super) fn each(
        &self,
        mut read: impl FnMut(&str, OptionValue<'_>) -> Result<(), ServiceError>,
    ) -> Result<(), ServiceError> {
        let object = self
            .value
            .as_object()
            .ok_or_else(|| self.error("must be an object"))?;
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            let key = format!("{}.{name}", self.key);
            let inner = OptionValue {
                element: self.element,
                key: &key,
                value,
            };
            read(name, inner)?;
        }
        Ok(())
    }

    pub(super) fn color(&self) -> Result<Color, ServiceError> {
        color::parse(self.string()?).ok_or_else(|| self.error("must be a CSS colour"))
    }
}
