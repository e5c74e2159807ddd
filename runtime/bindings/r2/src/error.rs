//! The errors of a bucket: the platform's code, its status and a text.

use http::StatusCode;

use safelight_hop::error_chain;

/// The platform's codes that a bucket answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Internal,
    NoSuchBucket,
    NoSuchKey,
    PartTooSmall,
    MetadataTooLarge,
    BodyCutShort,
    DigestMalformed,
    InvalidName,
    LimitOutOfRange,
    NoSuchUpload,
    NoSuchPart,
    TooManyKeys,
    InvalidArgument,
    PreconditionFailed,
    LengthMissing,
    DigestMismatch,
    RangeNotSatisfiable,
    Unavailable,
    UnequalParts,
    TooLarge,
}

impl Code {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Internal => 10001,
            Self::NoSuchBucket => 10006,
            Self::NoSuchKey => 10007,
            Self::PartTooSmall => 10011,
            Self::MetadataTooLarge => 10012,
            Self::BodyCutShort => 10013,
            Self::DigestMalformed => 10014,
            Self::InvalidName => 10020,
            Self::LimitOutOfRange => 10022,
            Self::NoSuchUpload => 10024,
            Self::NoSuchPart => 10025,
            Self::TooManyKeys => 10027,
            Self::InvalidArgument => 10029,
            Self::PreconditionFailed => 10031,
            Self::LengthMissing => 10033,
            Self::DigestMismatch => 10037,
            Self::RangeNotSatisfiable => 10039,
            Self::Unavailable => 10043,
            Self::UnequalParts => 10048,
            Self::TooLarge => 100_100,
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoSuchBucket | Self::NoSuchKey | Self::NoSuchUpload => StatusCode::NOT_FOUND,
            Self::PartTooSmall
            | Self::MetadataTooLarge
            | Self::BodyCutShort
            | Self::DigestMalformed
            | Self::InvalidName
            | Self::LimitOutOfRange
            | Self::NoSuchPart
            | Self::TooManyKeys
            | Self::InvalidArgument
            | Self::DigestMismatch
            | Self::UnequalParts
            | Self::TooLarge => StatusCode::BAD_REQUEST,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::LengthMissing => StatusCode::LENGTH_REQUIRED,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The error of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2Error {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Whether the disk of the index is full.
    pub(crate) is_disk_full: bool,
}

impl R2Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_disk_full: false,
        }
    }

    /// The request has an invalid argument.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(super) fn no_such_key() -> Self {
        Self::new(Code::NoSuchKey, "The specified key does not exist.")
    }

    pub(super) fn precondition_failed() -> Self {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Self::new(Code::PreconditionFailed, message)
    }

    /// A blob that the index names is missing. This is an internal error, and not a missing key.
    pub(super) fn missing_blob(blob: &str) -> Self {
        let message = format!("the object's data is gone: blob {blob} is missing in the store");
        Self::new(Code::Internal, message)
    }

    /// A background task did not end: it panicked, or the program ends.
    pub(super) fn unfinished(error: &tokio::task::JoinError, what: &str) -> Self {
        match error.is_panic() {
            true => Self::new(Code::Internal, format!("a panic while {what}")),
            false => Self::new(Code::Unavailable, format!("the program ends while {what}")),
        }
    }

    /// The bytes in the store differ from those that were written.
    pub(super) fn altered(key: &str) -> Self {
        let message = format!("the data of {key} was altered in the store");
        Self::new(Code::Internal, message)
    }
}

impl std::fmt::Display for R2Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code.number())
    }
}

impl std::error::Error for R2Error {}

impl From<rusqlite::Error> for R2Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::DatabaseBusy) => {
                Code::Unavailable
            }
            _ => Code::Internal,
        };
        Self {
            is_disk_full: error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            ..Self::new(code, format!("the bucket's index failed: {error}"))
        }
    }
}

impl From<object_store::Error> for R2Error {
    fn from(error: object_store::Error) -> Self {
        let code = match is_full(&error) {
            true => Code::Unavailable,
            false => Code::Internal,
        };
        Self::new(
            code,
            format!("the bucket's store failed: {}", error_chain(&error)),
        )
    }
}

impl From<std::io::Error> for R2Error {
    fn from(error: std::io::Error) -> Self {
        let code = match is_full(&error) {
            true => Code::Unavailable,
            false => Code::Internal,
        };
        Self::new(code, format!("the bucket's store failed: {error}"))
    }
}

/// Returns whether the error is that of a full disk.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::R2Error;

    #[test]
    fn a_disk_without_room_is_unavailable_wherever_it_is_met_and_all_else_internal() {
        let stored = |kind| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(io::Error::from(kind)),
        };
        let index = |code| {
            let error = rusqlite::ffi::Error::new(code);
            R2Error::from(rusqlite::Error::SqliteFailure(error, None))
        };
        for (error, code) in [
            (
                R2Error::from(io::Error::from(ErrorKind::StorageFull)),
                10043,
            ),
            (
                R2Error::from(io::Error::from(ErrorKind::QuotaExceeded)),
                10043,
            ),
            (
                R2Error::from(io::Error::from(ErrorKind::PermissionDenied)),
                10001,
            ),
            (R2Error::from(stored(ErrorKind::StorageFull)), 10043),
            (R2Error::from(stored(ErrorKind::NotFound)), 10001),
            (index(rusqlite::ffi::SQLITE_FULL), 10043),
            (index(rusqlite::ffi::SQLITE_BUSY), 10043),
            (index(rusqlite::ffi::SQLITE_CORRUPT), 10001),
        ] {
            assert_eq!(error.code.number(), code, "{error}");
        }
    }
}
