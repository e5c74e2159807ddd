//! The keys that every binding has: its name, and `remote`.

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

/// Splits the table of a binding into `binding`, which is reported where it is missing, and the fields of `own` keys.
/// Refuses a binding that is remote.
pub(super) fn binding_fields<'a>(
    item: &Item<'a>,
    own: &[&'static str],
    diagnostics: &mut Diagnostics<'_>,
) -> Option<(Option<Item<'a>>, Vec<Item<'a>>)> {
    let known = [&["binding", "remote"], own].concat();
    let mut binding = None;
    let mut fields = Vec::new();
    for field in item.fields(diagnostics, &known)? {
        match field.key {
            "binding" => binding = Some(field),
            "remote" => {
                if field.boolean(diagnostics) == Some(true) {
                    field.refuse(diagnostics, ConfigError::Remote);
                }
            }
            _ => fields.push(field),
        }
    }
    if binding.is_none() {
        let path = format!("{}.binding", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
    }
    Some((binding, fields))
}

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
