//! Which keys count: the top level, or the chosen `env.<name>` over it.

use super::error::{ConfigError, Notice};
use super::item::{Diagnostics, Item, MOST, shown};
use super::keys::{self, Role, Scope};
use super::tree::{Entry, Value};

/// The `env.<name>` that was asked for.
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
    wanted: Option<&str>,
    found: &mut Diagnostics<'_>,
) -> Option<Chosen<'a>> {
    let environments = match entries.iter().find(|entry| entry.key == "env") {
        Some(entry) => Item::top(entry).table(found)?,
        None => Vec::new(),
    };
    let mut known = Vec::new();
    let mut chosen = None;
    for item in environments {
        if is_binding(&item) {
            found.warn(item.at, &item.path, Notice::BindingAsEnvironment);
            continue;
        }
        if known.len() < MOST {
            known.push(shown(item.key));
        }
        if wanted == Some(item.key) {
            chosen = Some(item);
        }
    }
    let wanted = wanted?;
    let Some(item) = chosen else {
        let path = format!("env.{}", shown(wanted));
        found.absent(&path, ConfigError::NoEnvironment { known });
        return None;
    };
    Some(Chosen {
        name: item.key,
        items: item.table(found)?,
    })
}

/// `env: { IMAGES: { type: "images" } }` is a draft of another meaning of `env`.
fn is_binding(item: &Item<'_>) -> bool {
    let Value::Table(entries) = &item.node.value else {
        return false;
    };
    let is_type = |entry: &Entry| entry.key == "type" && matches!(entry.node.value, Value::Text(_));
    entries.iter().any(is_type)
}

/// The known keys that count, each once, with their roles.
pub(super) fn effective<'a>(
    entries: &'a [Entry],
    chosen: Option<&Chosen<'a>>,
    found: &mut Diagnostics<'_>,
) -> Vec<(Item<'a>, Role)> {
    let mut items = Vec::new();
    for item in entries.iter().map(Item::top) {
        let Some((role, scope)) = known(&item, found) else {
            continue;
        };
        match (scope, chosen) {
            (Scope::TopLevelOnly, _) | (_, None) => items.push((item, role)),
            (_, Some(chosen)) if chosen.has(item.key) => {}
            (Scope::Inherited, Some(_)) => items.push((item, role)),
            (Scope::PerEnvironment, Some(chosen)) => not_inherited(&item, chosen, found),
        }
    }
    for item in chosen.iter().flat_map(|chosen| &chosen.items) {
        match known(item, found) {
            Some((_, Scope::TopLevelOnly)) => {
                found.mistake(item.at, &item.path, ConfigError::TopLevelOnly);
            }
            Some((role, Scope::Inherited | Scope::PerEnvironment)) => {
                items.push((item.clone(), role));
            }
            None => {}
        }
    }
    items
}

fn known(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<(Role, Scope)> {
    let known = keys::lookup(item.key);
    if known.is_none() {
        found.unknown_key(item.at, &item.path, item.key, &keys::names());
    }
    known
}

fn not_inherited(item: &Item<'_>, chosen: &Chosen<'_>, found: &mut Diagnostics<'_>) {
    if item.node.value.is_empty() {
        return;
    }
    let notice = Notice::NotInherited {
        key: item.path.clone(),
        environment: shown(chosen.name),
    };
    found.warn(item.at, &item.path, notice);
}
