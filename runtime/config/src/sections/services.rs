//! `services`: other workers of the same run, each with the name by which this one calls it.

use super::NamedBinding;
use super::binding_name::{binding_fields, binding_name};
use crate::bindings::{Binding, BindingConfig, ServiceConfig};
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

const KEYS: [&str; 4] = ["service", "environment", "entrypoint", "props"];
/// Most service bindings of one worker.
const MAX_SERVICES: usize = 100;

/// Each binding, with the item that names it.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    _no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    item.elements(diagnostics, MAX_SERVICES, "services")
        .into_iter()
        .filter_map(|element| service(&element, diagnostics))
        .collect()
}

fn service<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Option<NamedBinding<'a>> {
    let (binding, fields) = binding_fields(item, &KEYS, diagnostics)?;
    let mut service = None;
    for field in fields {
        match field.key {
            "service" => service = Some(field),
            // Each of these keys would choose another callee.
            _ if field.node.value.is_empty() => {}
            _ => diagnostics.error(field.at, &field.path, ConfigError::UnsupportedFeature),
        }
    }
    if service.is_none() {
        let path = format!("{}.service", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
    }
    let (binding, service) = (binding?, service?);
    let name = binding_name(&binding, diagnostics);
    let callee = service.non_empty_text(diagnostics)?;
    let position = Some(diagnostics.source.position(service.at));
    let name = name?;
    let config = BindingConfig::Service(ServiceConfig {
        service: callee.to_owned(),
        position,
        key: service.path,
    });
    Some((binding, Binding { name, config }))
}
