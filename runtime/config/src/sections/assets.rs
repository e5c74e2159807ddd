//! `assets`: a folder of static files, and who answers when both the folder and the worker could.

use std::collections::HashSet;

use super::images::binding_name;
use crate::assets::{AssetsConfig, HtmlHandling, NotFoundHandling, WorkerFirst, WorkerRule};
use crate::error::{ConfigError, GrantError};
use crate::item::{Diagnostics, Item};
use crate::tree::Value;

const KEYS: [&str; 5] = [
    "directory",
    "binding",
    "html_handling",
    "not_found_handling",
    "run_worker_first",
];
/// Rules of `run_worker_first`, and bytes of one: the platform's own numbers.
const MOST_RULES: usize = 100;
const RULE_BYTES: usize = 100;

/// The section, with the item that names its binding, if one does.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    found: &mut Diagnostics<'_>,
) -> Option<(Option<Item<'a>>, AssetsConfig)> {
    let mut directory = None;
    let mut binding = None;
    let mut html = HtmlHandling::default();
    let mut not_found = NotFoundHandling::default();
    let mut worker_first = WorkerFirst::default();
    for field in item.fields(found, &KEYS)? {
        match field.key {
            "directory" => directory = Some(field),
            "binding" => binding = Some(field),
            "html_handling" => html = choice(&field, &HTML, found).unwrap_or_default(),
            "not_found_handling" => {
                not_found = choice(&field, &NOT_FOUND, found).unwrap_or_default();
            }
            _ => worker_first = self::worker_first(&field, found).unwrap_or_default(),
        }
    }
    let Some(directory) = directory else {
        let path = format!("{}.directory", item.path);
        found.mistake(item.at, &path, ConfigError::Missing);
        return None;
    };
    let directory = found.source.resolve(directory.filled_text(found)?);
    let name = match &binding {
        Some(binding) => Some(binding_name(binding, found)?),
        None => None,
    };
    let assets = AssetsConfig {
        directory,
        binding: name,
        html,
        not_found,
        worker_first,
        navigation: false,
    };
    Some((binding, assets))
}

/// Checks a section that stands in a config without `main`: what is for a worker makes no sense in it.
pub(crate) fn check_alone(item: &Item<'_>, found: &mut Diagnostics<'_>) {
    let Value::Table(entries) = &item.node.value else {
        return;
    };
    for field in entries.iter().map(|entry| item.child(entry)) {
        let is_for_worker = match field.key {
            "binding" => true,
            "run_worker_first" => field.node.value != Value::Bool(false),
            _ => false,
        };
        if is_for_worker {
            found.mistake(
                field.at,
                &field.path,
                ConfigError::Grant(GrantError::NoWorker),
            );
        }
    }
}

const HTML: [(&str, HtmlHandling); 4] = [
    ("auto-trailing-slash", HtmlHandling::AutoTrailingSlash),
    ("force-trailing-slash", HtmlHandling::ForceTrailingSlash),
    ("drop-trailing-slash", HtmlHandling::DropTrailingSlash),
    ("none", HtmlHandling::None),
];
const NOT_FOUND: [(&str, NotFoundHandling); 3] = [
    ("none", NotFoundHandling::None),
    (
        "single-page-application",
        NotFoundHandling::SinglePageApplication,
    ),
    ("404-page", NotFoundHandling::NearestPage),
];

fn choice<T: Copy>(
    item: &Item<'_>,
    choices: &[(&'static str, T)],
    found: &mut Diagnostics<'_>,
) -> Option<T> {
    let text = item.text(found)?;
    let chosen = choices.iter().find(|(word, _)| *word == text);
    if chosen.is_none() {
        let words = choices.iter().map(|(word, _)| *word).collect();
        item.refuse(found, ConfigError::Grant(GrantError::NoneOf(words)));
    }
    chosen.map(|(_, value)| *value)
}

fn worker_first(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<WorkerFirst> {
    match &item.node.value {
        Value::Bool(true) => return Some(WorkerFirst::Always),
        Value::Bool(false) => return Some(WorkerFirst::Never),
        Value::List(_) => {}
        _ => return item.wrong_type(found, "a boolean or a list of strings"),
    }
    let texts = item.texts(found)?;
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    let mut refuse = |what| item.refuse(found, ConfigError::Grant(GrantError::WorkerRules(what)));
    if texts.is_empty() || texts.len() > MOST_RULES {
        refuse("must have from 1 to 100 rules");
        return None;
    }
    for text in texts {
        let pattern = text.strip_prefix('!').unwrap_or(text);
        if !pattern.starts_with('/') {
            refuse("must have rules that begin with `/` or `!/`");
        } else if text.len() > RULE_BYTES {
            refuse("must not have rules of more than 100 bytes");
        } else if !seen.insert(text) {
            refuse("has the same rule twice");
        }
        rules.push(WorkerRule {
            pattern: pattern.to_owned(),
            is_negative: pattern.len() < text.len(),
        });
    }
    if rules.iter().all(|rule| rule.is_negative) {
        refuse("must have at least one rule without `!`");
    }
    Some(WorkerFirst::Rules(rules))
}
