//! The options of Safelight's own callers, which the Images binding does not have.

use safelight_protocol::extension::{Caller, Choose, Metadata};

/// The options that a caller sets beside those of the Images binding. A call of the binding itself has none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// The rule by which the format is chosen, unless it is fixed.
    pub choose: Option<Choose>,
    /// The modern formats that may be chosen.
    pub accepted: Accepted,
    /// The metadata of the source that is kept; by default as [`Metadata::Copyright`].
    pub metadata: Option<Metadata>,
    /// The caller, if it is not the binding.
    pub caller: Option<Caller>,
}

/// The accepted formats beyond those that every reader knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Whether AVIF is accepted.
    pub avif: bool,
    /// Whether WebP is accepted.
    pub webp: bool,
}
