//! `services`: other workers of the same run, each under a name by which this one calls it.

use super::images::binding_name;
use crate::config::error::Mistake;
use crate::config::item::{Findings, Item};
use crate::config::services::ServiceBinding;

const KEYS: [&str; 6] = [
    "binding",
    "service",
    "environment",
    "entrypoint",
    "props",
    "remote",
];
/// Service bindings of one worker.
const MOST: usize = 100;

/// Each binding, with the item that names it.
pub(in crate::config) fn read<'a>(
    item: &Item<'a>,
    found: &mut Findings<'_>,
) -> Vec<(Item<'a>, ServiceBinding)> {
    item.elements(found, MOST, "services")
        .into_iter()
        .filter_map(|element| service(&element, found))
        .collect()
}

fn service<'a>(item: &Item<'a>, found: &mut Findings<'_>) -> Option<(Item<'a>, ServiceBinding)> {
    let mut binding = None;
    let mut service = None;
    for field in item.fields(found, &KEYS)? {
        match field.key {
            "binding" => binding = Some(field),
            "service" => service = Some(field),
            "remote" => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, Mistake::Remote);
                }
            }
            // Each of them would choose another callee than the one that would answer here.
            _ if field.node.value.says_nothing() => {}
            _ => found.mistake(field.at, &field.path, Mistake::NoFeatureYet),
        }
    }
    let mut needed = |field: Option<Item<'a>>, key| {
        if field.is_none() {
            let path = format!("{}.{key}", item.path);
            found.mistake(item.at, &path, Mistake::Missing);
        }
        field
    };
    let (binding, service) = (needed(binding, "binding"), needed(service, "service"));
    let (binding, service) = (binding?, service?);
    let name = binding_name(&binding, found);
    let callee = service.filled_text(found)?;
    let place = found.source.located(service.at, "", ()).place;
    let service = ServiceBinding {
        binding: name?,
        service: callee.to_owned(),
        place,
        key: service.path,
    };
    Some((binding, service))
}
