//! `services`: other workers of the same run, each under a name by which this one calls it.

use super::NamedBinding;
use super::images::binding_name;
use crate::bindings::{Binding, BindingConfig, ServiceConfig};
use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};

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
pub(crate) fn read<'a>(
    item: &Item<'a>,
    _no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    item.elements(found, MOST, "services")
        .into_iter()
        .filter_map(|element| service(&element, found))
        .collect()
}

fn service<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Option<NamedBinding<'a>> {
    let mut binding = None;
    let mut service = None;
    for field in item.fields(found, &KEYS)? {
        match field.key {
            "binding" => binding = Some(field),
            "service" => service = Some(field),
            "remote" => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, ConfigError::Remote);
                }
            }
            // Each of them would choose another callee than the one that would answer here.
            _ if field.node.value.is_empty() => {}
            _ => found.mistake(field.at, &field.path, ConfigError::NoFeatureYet),
        }
    }
    let mut needed = |field: Option<Item<'a>>, key| {
        if field.is_none() {
            let path = format!("{}.{key}", item.path);
            found.mistake(item.at, &path, ConfigError::Missing);
        }
        field
    };
    let (binding, service) = (needed(binding, "binding"), needed(service, "service"));
    let (binding, service) = (binding?, service?);
    let name = binding_name(&binding, found);
    let callee = service.filled_text(found)?;
    let place = found.source.located(service.at, "", ()).place;
    let name = name?;
    let config = BindingConfig::Service(ServiceConfig {
        service: callee.to_owned(),
        place,
        key: service.path,
    });
    Some((binding, Binding { name, config }))
}
