//! The error of the SDK, its text, and the errors that it holds.
//!
//! The other modules import from this one, and it imports from none of them.

mod body;
mod env;
mod r2;

use std::fmt;

use safelight_protocol::ImagesError;
use wasip3::http::types::ErrorCode;

pub use body::BodyError;
pub use env::EnvError;
pub use r2::R2Error;

/// A result whose error is, unless named otherwise, the SDK's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of every call of this SDK.
///
/// A worker that returns an `Err` answers 500; in local development its page and the log show the text.
#[derive(Clone, Debug)]
pub enum Error {
    /// `env` has no such binding or variable.
    Env(EnvError),
    /// The Images binding refused or failed; [`ImagesError::code`] is the stable number.
    Images(ImagesError),
    /// An R2 binding refused or failed; [`R2Error::code`] is the stable number.
    R2(R2Error),
    /// A body could not be read to its end.
    Body(BodyError),
    /// A request got no answer.
    Http(ErrorCode),
    /// A request or a response cannot be put on the wire; the text says why.
    Unsendable(String),
    /// The author's own error.
    Other(String),
}

impl Error {
    /// Makes an error of any value with a text: `.map_err(Error::other)?`.
    pub fn other(error: impl fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(error) => error.fmt(f),
            Self::Images(error) => error.fmt(f),
            Self::R2(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
            Self::Http(code) => write!(f, "no answer: {}", describe(code)),
            Self::Unsendable(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// The host's own text where it gave one, else the name of the code.
pub(crate) fn describe(code: &ErrorCode) -> String {
    match code {
        ErrorCode::InternalError(Some(text)) => text.clone(),
        code => {
            let name = format!("{code:?}");
            name.strip_prefix("ErrorCode::").unwrap_or(&name).to_owned()
        }
    }
}

/// One `From` per variant that wraps another error.
macro_rules! from {
    ($($variant:ident($error:ty),)+) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from! {
    Env(EnvError),
    Images(ImagesError),
    R2(R2Error),
    Body(BodyError),
    Http(ErrorCode),
    Other(String),
}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Self::Other(text.to_owned())
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        Self::Unsendable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use wasip3::http::types::ErrorCode;

    use super::Error;

    #[test]
    fn the_hosts_text_is_kept() {
        let code = ErrorCode::InternalError(Some("binding NOPE is not granted".to_owned()));
        assert_eq!(
            Error::from(code).to_string(),
            "no answer: binding NOPE is not granted"
        );
    }

    #[test]
    fn a_code_without_text_is_named() {
        assert_eq!(
            Error::from(ErrorCode::ConnectionRefused).to_string(),
            "no answer: ConnectionRefused"
        );
        assert_eq!(
            Error::from(ErrorCode::HttpResponseBodySize(Some(5))).to_string(),
            "no answer: HttpResponseBodySize(Some(5))"
        );
    }
}
