//! `name`, `main` and the compatibility keys.

use std::path::{Path, PathBuf};

use crate::config::error::Mistake;
use crate::config::item::{Findings, Item};

/// A name, and whether it was given for the chosen environment alone.
pub(in crate::config) struct Name {
    text: String,
    in_environment: bool,
}

pub(in crate::config) fn name(item: &Item<'_>, found: &mut Findings<'_>) -> Option<Name> {
    let text = item.filled_text(found)?;
    if !is_worker_name(text) {
        item.refuse(found, Mistake::BadWorkerName);
        return None;
    }
    Some(Name {
        text: text.to_owned(),
        in_environment: item.path != item.key,
    })
}

/// `gallery` is deployed as `gallery-staging` in the environment `staging`, unless that has a name of its own.
pub(in crate::config) fn full_name(
    name: Option<Name>,
    environment: Option<&str>,
    dir: &Path,
) -> String {
    let Some(name) = name else {
        let folder = dir.file_name().and_then(|folder| folder.to_str());
        return folder
            .filter(|folder| is_worker_name(folder))
            .unwrap_or("worker")
            .to_owned();
    };
    match environment {
        Some(environment) if !name.in_environment => format!("{}-{environment}", name.text),
        _ => name.text,
    }
}

fn is_worker_name(text: &str) -> bool {
    let is_allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_allowed)
}

pub(in crate::config) fn main(item: &Item<'_>, found: &mut Findings<'_>) -> Option<PathBuf> {
    let path = item.filled_text(found)?;
    Some(found.source.resolve(path))
}

/// Every project has one; no worker of ours changes with it.
pub(in crate::config) fn compatibility_date(item: &Item<'_>, found: &mut Findings<'_>) {
    if let Some(date) = item.text(found)
        && !is_date(date)
    {
        item.refuse(found, Mistake::BadDate);
    }
}

fn is_date(text: &str) -> bool {
    text.len() == "2026-08-01".len()
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Returns the item when there are flags: they change workerd, not us, and their author should know.
pub(in crate::config) fn compatibility_flags<'a>(
    item: &Item<'a>,
    found: &mut Findings<'_>,
) -> Option<Item<'a>> {
    let flags = item.texts(found)?;
    (!flags.is_empty()).then(|| item.clone())
}
