//! `images`: the one Images binding that a worker may have.

use crate::config::error::Mistake;
use crate::config::item::{Findings, Item};
use crate::config::tree::Value;

/// The binding's name, with the item that says it.
pub(in crate::config) fn read<'a>(
    item: &Item<'a>,
    found: &mut Findings<'_>,
) -> Option<(Item<'a>, String)> {
    if let Value::List(_) = item.node.value {
        item.refuse(found, Mistake::ListOfImages);
        return None;
    }
    let mut binding = None;
    for field in item.fields(found, &["binding", "remote"])? {
        match field.key {
            "binding" => binding = Some(field),
            _ => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, Mistake::Remote);
                }
            }
        }
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        found.mistake(item.at, &path, Mistake::Missing);
        return None;
    };
    let name = binding_name(&binding, found)?;
    Some((binding, name))
}

/// The name by which a worker finds a binding.
pub(super) fn binding_name(item: &Item<'_>, found: &mut Findings<'_>) -> Option<String> {
    let name = item.text(found)?;
    if !is_identifier(name) {
        item.refuse(found, Mistake::BadBindingName);
        return None;
    }
    if is_reserved(name) {
        item.refuse(found, Mistake::Reserved);
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
pub(in crate::config) fn is_reserved(name: &str) -> bool {
    matches!(name, "BINDINGS" | "BINDINGS_ORIGIN")
}
