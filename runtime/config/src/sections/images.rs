//! `images`: the one Images binding that a worker may have.

use super::NamedBinding;
use crate::bindings::{Binding, BindingConfig};
use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};
use crate::tree::Value;

/// The binding, with the item that names it.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    _no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    binding(item, found).into_iter().collect()
}

fn binding<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Option<NamedBinding<'a>> {
    if let Value::List(_) = item.node.value {
        item.refuse(found, ConfigError::ListOfImages);
        return None;
    }
    let mut binding = None;
    for field in item.fields(found, &["binding", "remote"])? {
        match field.key {
            "binding" => binding = Some(field),
            _ => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, ConfigError::Remote);
                }
            }
        }
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        found.mistake(item.at, &path, ConfigError::Missing);
        return None;
    };
    let name = binding_name(&binding, found)?;
    let config = BindingConfig::Images;
    Some((binding, Binding { name, config }))
}

/// The name by which a worker finds a binding.
pub(super) fn binding_name(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<String> {
    let name = item.text(found)?;
    if !is_identifier(name) {
        item.refuse(found, ConfigError::BadBindingName);
        return None;
    }
    if is_reserved(name) {
        item.refuse(found, ConfigError::Reserved);
        return None;
    }
    Some(name.to_owned())
}

/// The name is part of a URL's path and, in JavaScript, of `env.NAME`.
fn is_identifier(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_allowed)
}

/// What the host itself puts into the guest's environment.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, "BINDINGS" | "BINDINGS_ORIGIN")
}
