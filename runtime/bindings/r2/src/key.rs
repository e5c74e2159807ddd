//! The names of objects and of uploads in parts.

use super::error::{Code, R2Error};
use super::limits::MAX_KEY_BYTES;

/// The key of an object: any text of at most 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn new(text: String) -> Result<Self, R2Error> {
        if text.len() > MAX_KEY_BYTES {
            let message = format!(
                "The specified object name is not valid: {} bytes exceed the limit of {MAX_KEY_BYTES}",
                text.len()
            );
            return Err(R2Error::new(Code::InvalidName, message));
        }
        Ok(Self(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// An upload in parts, for one key.
#[derive(Clone, Debug)]
pub(super) struct UploadId {
    pub(super) key: Key,
    pub(super) id: String,
}
