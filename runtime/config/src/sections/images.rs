//! `images`: the one Images binding that a worker may have.

use super::NamedBinding;
use super::binding_name::binding_name;
use crate::bindings::{Binding, BindingConfig};
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;
use crate::tree::Value;

/// The binding, with the item that names it.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    _no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    binding(item, diagnostics).into_iter().collect()
}

fn binding<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Option<NamedBinding<'a>> {
    if let Value::List(_) = item.node.value {
        item.refuse(diagnostics, ConfigError::ListOfImages);
        return None;
    }
    let mut binding = None;
    for field in item.fields(diagnostics, &["binding", "remote"])? {
        match field.key {
            "binding" => binding = Some(field),
            _ => {
                if field.boolean(diagnostics) == Some(true) {
                    field.refuse(diagnostics, ConfigError::Remote);
                }
            }
        }
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
        return None;
    };
    let name = binding_name(&binding, diagnostics)?;
    let config = BindingConfig::Images;
    Some((binding, Binding { name, config }))
}
