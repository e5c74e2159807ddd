//! The error of a request: a code that fixes the status, and a text for the caller.

use std::fmt;

use safelight_protocol::ErrorCode;

/// The reason why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The stable code; it fixes number and HTTP status.
    pub code: ErrorCode,
    /// The text for the caller: a fragment that names the part, key or limit at fault.
    pub message: String,
}

impl ServiceError {
    /// Creates an error with the given code and text.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Returns the error of work that the system gives no more memory to.
pub(crate) fn out_of_memory() -> ServiceError {
    let text = "the pixels of the request need more memory than they were admitted to";
    ServiceError::new(ErrorCode::Busy, text)
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ServiceError {}
