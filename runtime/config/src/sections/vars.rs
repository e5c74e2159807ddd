//! `vars`: plain values in the worker's environment.

use super::binding_name::is_reserved;
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;
use crate::tree::Value;

/// Reads the variables. The value of a string is its text, that of any other value its JSON.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<(Item<'a>, String)> {
    let mut vars = Vec::new();
    for var in item.table(diagnostics).unwrap_or_default() {
        let value = match &var.node.value {
            Value::Text(text) => text.clone(),
            other => other.to_json(),
        };
        if var.key.is_empty() || var.key.contains(['=', '\0']) {
            diagnostics.error(var.at, &var.path, ConfigError::BadVariableName);
        } else if is_reserved(var.key) {
            diagnostics.error(var.at, &var.path, ConfigError::Reserved);
        } else if value.contains('\0') {
            var.refuse(diagnostics, ConfigError::NulInVariable);
        } else {
            vars.push((var, value));
        }
    }
    vars
}
