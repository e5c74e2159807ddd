//! The error of a bucket.

use std::fmt;

/// An error of an R2 bucket. Its text is that of the platform's own client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2Error {
    /// The call, such as `get`.
    pub method: &'static str,
    /// The platform's number, such as 10007; 0 when the service gave none.
    pub code: u32,
    /// The text of the service.
    pub message: String,
}

impl R2Error {
    pub(crate) fn new(method: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            method,
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for R2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.method, self.message, self.code)
    }
}

impl std::error::Error for R2Error {}
