//! The keys of the chosen environment: the top level, or `env.<name>` over it.

use super::diagnostics::Diagnostics;
use super::error::{ConfigError, Notice};
use super::item::Item;
use super::key_name::display_key;
use super::keys::{self, Role, Scope};
use super::limits::MAX_DIAGNOSTICS;
use super::tree::{Entry, Value};

/// The chosen `env.<name>`.
pub(super) struct Chosen<'a> {
    pub(super) name: &'a str,
    items: Vec<Item<'a>>,
}

impl Chosen<'_> {
    fn has(&self, key: &str) -> bool {
        self.items.iter().any(|item| item.key == key)
    }
}

pub(super) fn choose<'a>(
    entries: &'a [Entry],
    name: Option<&str>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Chosen<'a>> {
    let environments = match entries.iter().find(|entry| entry.key == "env") {
        Some(entry) => Item::top(entry).table(diagnostics)?,
        None => Vec::new(),
    };
    let mut known = Vec::new();
    let mut chosen = None;
    for item in environments {
        if is_binding(&item) {
            diagnostics.warn(item.at, &item.path, Notice::BindingAsEnvironment);
            continue;
        }
        if known.len() < MAX_DIAGNOSTICS {
            known.push(display_key(item.key));
        }
        if name == Some(item.key) {
            chosen = Some(item);
        }
    }
    let name = name?;
    let Some(item) = chosen else {
        let path = format!("env.{}", display_key(name));
        diagnostics.error_without_position(&path, ConfigError::NoEnvironment { known });
        return None;
    };
    Some(Chosen {
        name: item.key,
        items: item.table(diagnostics)?,
    })
}

/// Whether the item is a binding: `env: { IMAGES: { type: "images" } }` is a draft syntax with another meaning of `env`.
fn is_binding(item: &Item<'_>) -> bool {
    let Value::Table(entries) = &item.node.value else {
        return false;
    };
    let is_type = |entry: &Entry| entry.key == "type" && matches!(entry.node.value, Value::Text(_));
    entries.iter().any(is_type)
}

/// Returns the effective keys, each once, with their roles.
pub(super) fn effective<'a>(
    entries: &'a [Entry],
    chosen: Option<&Chosen<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<(Item<'a>, Role)> {
    let mut items = Vec::new();
    for item in entries.iter().map(Item::top) {
        let Some((role, scope)) = known(&item, diagnostics) else {
            continue;
        };
        match (scope, chosen) {
            (Scope::TopLevelOnly, _) | (_, None) => items.push((item, role)),
            (_, Some(chosen)) if chosen.has(item.key) => {}
            (Scope::Inherited, Some(_)) => items.push((item, role)),
            (Scope::PerEnvironment, Some(chosen)) => not_inherited(&item, chosen, diagnostics),
        }
    }
    for item in chosen.iter().flat_map(|chosen| &chosen.items) {
        match known(item, diagnostics) {
            Some((_, Scope::TopLevelOnly)) => {
                diagnostics.error(item.at, &item.path, ConfigError::TopLevelOnly);
            }
            Some((role, Scope::Inherited | Scope::PerEnvironment)) => {
                items.push((item.clone(), role));
            }
            None => {}
        }
    }
    items
}

fn known(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<(Role, Scope)> {
    let known = keys::lookup(item.key);
    if known.is_none() {
        diagnostics.unknown_key(item.at, &item.path, item.key, &keys::names());
    }
    known
}

fn not_inherited(item: &Item<'_>, chosen: &Chosen<'_>, diagnostics: &mut Diagnostics<'_>) {
    if item.node.value.is_empty() {
        return;
    }
    let notice = Notice::NotInherited {
        key: item.path.clone(),
        environment: display_key(chosen.name),
    };
    diagnostics.warn(item.at, &item.path, notice);
}
