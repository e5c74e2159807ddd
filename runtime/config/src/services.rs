//! The workers that a worker may call.

use super::error::Place;

/// Another worker of the same run, under a name of this one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceBinding {
    pub binding: String,
    /// The callee's `name`.
    pub service: String,
    /// Where the config says so, for the message that nobody has that name.
    pub place: Option<Place>,
    /// The same as a dotted key.
    pub key: String,
}
