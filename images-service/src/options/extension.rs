//! The options of Safelight's own callers, which the Images binding does not have.

use safelight_protocol::extension::{Caller, Choose, Metadata};

/// The options that a caller sets beside those of the Images binding. The binding's own behaviour has none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// How the format is chosen, unless it is fixed.
    pub choose: Option<Choose>,
    /// Which modern formats may be chosen.
    pub accepted: Accepted,
    /// What is kept of the source's metadata; by default as [`Metadata::Copyright`].
    pub metadata: Option<Metadata>,
    /// The caller, if it is not the binding.
    pub caller: Option<Caller>,
}

/// Formats beyond those that every reader knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}
