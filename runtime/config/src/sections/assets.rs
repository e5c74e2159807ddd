//! `assets`: a folder of static files, and its precedence over the worker.

use std::collections::HashSet;

use super::binding_name::binding_name;
use crate::assets::{AssetsConfig, HtmlHandling, NotFoundHandling, WorkerFirst, WorkerRule};
use crate::diagnostics::Diagnostics;
use crate::error::{AssetsError, ConfigError};
use crate::item::Item;
use crate::tree::Value;

const KEYS: [&str; 5] = [
    "directory",
    "binding",
    "html_handling",
    "not_found_handling",
    "run_worker_first",
];
/// Most rules of `run_worker_first`, and most bytes of one: the platform's own limits.
const MAX_RULES: usize = 100;
const MAX_RULE_BYTES: usize = 100;

/// The section, and the name of its binding with the item that gives it, if the worker has one.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<(AssetsConfig, Option<(Item<'a>, String)>)> {
    let mut directory = None;
    let mut binding = None;
    let mut html = HtmlHandling::default();
    let mut not_found = NotFoundHandling::default();
    let mut worker_first = WorkerFirst::default();
    for field in item.fields(diagnostics, &KEYS)? {
        match field.key {
            "directory" => directory = Some(field),
            "binding" => binding = Some(field),
            "html_handling" => html = choice(&field, &HTML, diagnostics).unwrap_or_default(),
            "not_found_handling" => {
                not_found = choice(&field, &NOT_FOUND, diagnostics).unwrap_or_default();
            }
            "run_worker_first" => {
                worker_first = self::worker_first(&field, diagnostics).unwrap_or_default();
            }
            _ => {}
        }
    }
    let Some(directory) = directory else {
        let path = format!("{}.directory", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
        return None;
    };
    let directory = diagnostics
        .source
        .resolve(directory.non_empty_text(diagnostics)?);
    let binding = match binding {
        Some(binding) => {
            let name = binding_name(&binding, diagnostics)?;
            Some((binding, name))
        }
        None => None,
    };
    let assets = AssetsConfig {
        directory,
        html,
        not_found,
        worker_first,
        navigation: false,
    };
    Some((assets, binding))
}

/// Refuses the keys that only a worker would use, in a config without `main`.
pub(crate) fn check_alone(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
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
            diagnostics.error(
                field.at,
                &field.path,
                ConfigError::Assets(AssetsError::NoWorker),
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
    diagnostics: &mut Diagnostics<'_>,
) -> Option<T> {
    let text = item.text(diagnostics)?;
    let chosen = choices.iter().find(|(word, _)| *word == text);
    if chosen.is_none() {
        let words = choices.iter().map(|(word, _)| *word).collect();
        item.refuse(
            diagnostics,
            ConfigError::Assets(AssetsError::NotOneOf(words)),
        );
    }
    chosen.map(|(_, value)| *value)
}

fn worker_first(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<WorkerFirst> {
    match &item.node.value {
        Value::Bool(true) => return Some(WorkerFirst::Always),
        Value::Bool(false) => return Some(WorkerFirst::Never),
        Value::List(_) => {}
        _ => return item.wrong_type(diagnostics, "a boolean or a list of strings"),
    }
    let texts = item.texts(diagnostics)?;
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    let mut refuse = |text| {
        item.refuse(
            diagnostics,
            ConfigError::Assets(AssetsError::WorkerRules(text)),
        )
    };
    if texts.is_empty() || texts.len() > MAX_RULES {
        refuse("must have from 1 to 100 rules");
        return None;
    }
    for text in texts {
        let pattern = text.strip_prefix('!').unwrap_or(text);
        if !pattern.starts_with('/') {
            refuse("must have rules that begin with `/` or `!/`");
        } else if text.len() > MAX_RULE_BYTES {
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
