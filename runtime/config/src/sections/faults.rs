//! `safelight.faults`: what to break on purpose, a table for each fault.
//!
//! The keys of a table are the terms of the command line, and `binding` is their target.

use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};
use crate::tree::Value;
use safelight_hop::faults::Fault;
use safelight_hop::faults::grammar::{Draft, KINDS, Term};

/// Faults of one config.
const MOST: usize = 100;
/// The keys of a fault that are not its kind.
const OTHERS: [&str; 6] = ["binding", "path", "every", "nth", "rate", "seed"];

/// Each fault, with the item that says what it is aimed at.
pub(crate) fn read<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Vec<(Item<'a>, Fault)> {
    item.elements(found, MOST, "faults")
        .into_iter()
        .filter_map(|element| fault(&element, found))
        .collect()
}

fn fault<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Option<(Item<'a>, Fault)> {
    let known: Vec<_> = OTHERS.into_iter().chain(KINDS).collect();
    let mut draft = Draft::default();
    let mut binding = None;
    let fields = item.fields(found, &known)?;
    // What a mistyped key meant to say is missing now, which is no second mistake.
    let mut is_good = item.table(found)?.len() == fields.len();
    for field in fields {
        if field.key == "binding" {
            binding = Some(field);
            continue;
        }
        is_good &= add(&field, &mut draft, found).is_some();
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        found.mistake(item.at, &path, ConfigError::Missing);
        return None;
    };
    let target = match binding.text(found)?.parse() {
        Ok(target) => target,
        Err(error) => {
            binding.refuse(found, ConfigError::Fault(error));
            return None;
        }
    };
    if !is_good {
        return None;
    }
    match draft.finish(target) {
        Ok(fault) => Some((binding, fault)),
        Err(error) => {
            item.refuse(found, ConfigError::Fault(error));
            None
        }
    }
}

/// Adds the term that a key and its value are.
fn add(field: &Item<'_>, draft: &mut Draft, found: &mut Diagnostics<'_>) -> Option<()> {
    let value = match field.key {
        "reset" | "hang" | "crash" | "every" => {
            if !field.boolean(found)? {
                field.refuse(found, ConfigError::OnlyTrue);
                return None;
            }
            None
        }
        "path" | "slow_reader" | "slow_writer" => Some(field.text(found)?),
        _ => match &field.node.value {
            Value::Number(text) => Some(text.as_str()),
            _ => return field.wrong_type(found, "a number"),
        },
    };
    match Term::read(field.key, value).and_then(|term| draft.add(term)) {
        Ok(()) => Some(()),
        Err(error) => {
            field.refuse(found, ConfigError::Fault(error));
            None
        }
    }
}
