//! `vars`: plain values that the worker finds in its environment.

use super::images::is_reserved;
use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};
use crate::tree::Value;

/// A string is its own text; any other value is its JSON.
pub(crate) fn read<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Vec<(Item<'a>, String)> {
    let mut vars = Vec::new();
    for var in item.table(found).unwrap_or_default() {
        let value = match &var.node.value {
            Value::Text(text) => text.clone(),
            other => other.to_json(),
        };
        if var.key.is_empty() || var.key.contains(['=', '\0']) {
            found.mistake(var.at, &var.path, ConfigError::BadVariableName);
        } else if is_reserved(var.key) {
            found.mistake(var.at, &var.path, ConfigError::Reserved);
        } else if value.contains('\0') {
            var.refuse(found, ConfigError::NulInVariable);
        } else {
            vars.push((var, value));
        }
    }
    vars
}
