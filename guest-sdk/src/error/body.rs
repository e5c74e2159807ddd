//! The error of a body.

use std::fmt;

use wasip3::http::types::ErrorCode;

use super::describe;

/// The reason for which a body could not be read to its end.
#[derive(Clone, Debug)]
pub enum BodyError {
    /// The body broke off, for the reason that the host gives.
    Broken(ErrorCode),
    /// The body has more bytes than the caller takes.
    TooLarge {
        /// The maximum number of bytes that the caller takes.
        limit: usize,
    },
    /// The body is not text in UTF-8.
    NotText,
    /// An earlier read was dropped before it was done, together with its bytes; or the stream has failed before.
    Lost,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(code) => write!(f, "the body broke off: {}", describe(code)),
            Self::TooLarge { limit } => write!(f, "the body has more than {limit} bytes"),
            Self::NotText => f.write_str("the body is not text in UTF-8"),
            Self::Lost => {
                f.write_str("a part of the body is lost: an earlier read failed or was dropped")
            }
        }
    }
}

impl std::error::Error for BodyError {}
