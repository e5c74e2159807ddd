//! The names of bindings.

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

/// Reads the name by which a worker finds a binding.
pub(super) fn binding_name(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
    let name = item.text(diagnostics)?;
    if !is_identifier(name) {
        item.refuse(diagnostics, ConfigError::BadBindingName);
        return None;
    }
    if is_reserved(name) {
        item.refuse(diagnostics, ConfigError::Reserved);
        return None;
    }
    Some(name.to_owned())
}

/// Whether the name can be part of a URL's path and, in JavaScript, of `env.NAME`.
fn is_identifier(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_allowed)
}

/// Whether the host itself sets the variable in the guest's environment.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, "BINDINGS" | "BINDINGS_ORIGIN")
}
