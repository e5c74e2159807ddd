//! `safelight.faults`: a table for each fault.
//!
//! The keys of a table are the terms of the command line, and `binding` is their target.

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;
use crate::tree::Value;
use safelight_hop::faults::Fault;
use safelight_hop::faults::fault::KIND_WORDS;
use safelight_hop::faults::grammar::{FaultBuilder, Term};

/// Most faults of one config.
const MAX_FAULTS: usize = 100;
/// The keys of every kind of fault.
const COMMON_KEYS: [&str; 6] = ["binding", "path", "every", "nth", "rate", "seed"];

/// Reads each fault, with the item that names its target.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<(Item<'a>, Fault)> {
    item.elements(diagnostics, MAX_FAULTS, "faults")
        .into_iter()
        .filter_map(|element| fault(&element, diagnostics))
        .collect()
}

fn fault<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Option<(Item<'a>, Fault)> {
    let known: Vec<_> = COMMON_KEYS.into_iter().chain(KIND_WORDS).collect();
    let mut builder = FaultBuilder::default();
    let mut binding = None;
    let fields = item.fields(diagnostics, &known)?;
    // The value of a mistyped key is missing now, which is not a second error.
    let mut is_valid = item.table(diagnostics)?.len() == fields.len();
    for field in fields {
        if field.key == "binding" {
            binding = Some(field);
            continue;
        }
        is_valid &= add(&field, &mut builder, diagnostics).is_some();
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
        return None;
    };
    let target = match binding.text(diagnostics)?.parse() {
        Ok(target) => target,
        Err(error) => {
            binding.refuse(diagnostics, ConfigError::Fault(error));
            return None;
        }
    };
    if !is_valid {
        return None;
    }
    match builder.build(target) {
        Ok(fault) => Some((binding, fault)),
        Err(error) => {
            item.refuse(diagnostics, ConfigError::Fault(error));
            None
        }
    }
}

/// Adds the term of a key and its value.
fn add(
    field: &Item<'_>,
    builder: &mut FaultBuilder,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<()> {
    let value = match field.key {
        "crash" if matches!(field.node.value, Value::Text(_)) => Some(field.text(diagnostics)?),
        "reset" | "hang" | "crash" | "every" => {
            if !field.boolean(diagnostics)? {
                field.refuse(diagnostics, ConfigError::OnlyTrue);
                return None;
            }
            None
        }
        "path" | "slow_reader" | "slow_writer" => Some(field.text(diagnostics)?),
        _ => match &field.node.value {
            Value::Number(text) => Some(text.as_str()),
            _ => return field.wrong_type(diagnostics, "a number"),
        },
    };
    match Term::parse(field.key, value).and_then(|term| builder.add(term)) {
        Ok(()) => Some(()),
        Err(error) => {
            field.refuse(diagnostics, ConfigError::Fault(error));
            None
        }
    }
}
