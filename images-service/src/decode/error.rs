//! The errors of a recognised file that gives no picture.

use std::fmt;

use safelight_protocol::ErrorCode;

use super::sniff::Kind;
use crate::error::ServiceError;

/// The reason why a recognised file gives no picture.
pub(super) enum DecodeError {
    /// The bytes violate the format.
    Broken(String),
    /// The file uses a part of its format that no decoder here supports.
    Unsupported(&'static str),
    /// The file exceeds a limit.
    Limit(ServiceError),
}

impl DecodeError {
    pub(super) fn broken(reason: impl fmt::Display) -> Self {
        Self::Broken(reason.to_string())
    }

    pub(super) fn into_error(self, kind: Kind) -> ServiceError {
        let format = kind.mime();
        match self {
            Self::Broken(reason) => ServiceError::new(
                ErrorCode::DecodingFailed,
                format!("could not decode {format}: {reason}"),
            ),
            Self::Unsupported(what) => {
                not_an_image(format!("{format} with {what} is not supported"))
            }
            Self::Limit(error) => error,
        }
    }
}

pub(super) fn not_an_image(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::NotAnImage, message)
}
