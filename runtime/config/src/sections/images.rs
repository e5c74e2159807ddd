//! `images`: the one Images binding that a worker may have.

use super::NamedBinding;
use super::binding_name::{binding_fields, binding_name};
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
    let (binding, _) = binding_fields(item, &[], diagnostics)?;
    let binding = binding?;
    let name = binding_name(&binding, diagnostics)?;
    let config = BindingConfig::Images;
    Some((binding, Binding { name, config }))
}
