//! `name`, `main` and the compatibility keys.

use std::path::{Path, PathBuf};

use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};

/// A name, and whether it was given for the chosen environment alone.
pub(crate) struct Name {
    text: String,
    in_environment: bool,
}

pub(crate) fn name(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<Name> {
    let text = item.filled_text(found)?;
    if !is_worker_name(text) {
        item.refuse(found, ConfigError::BadWorkerName);
        return None;
    }
    Some(Name {
        text: text.to_owned(),
        in_environment: item.path != item.key,
    })
}

/// `gallery` is deployed as `gallery-staging` in the environment `staging`, unless that has a name of its own.
pub(crate) fn full_name(name: Option<Name>, environment: Option<&str>, dir: &Path) -> String {
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

pub(crate) fn main(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<PathBuf> {
    let path = item.filled_text(found)?;
    Some(found.source.resolve(path))
}

/// Every project has one; of what we do, only how assets answer navigation changes with it.
pub(crate) fn compatibility_date<'a>(
    item: &Item<'a>,
    found: &mut Diagnostics<'_>,
) -> Option<&'a str> {
    let date = item.text(found)?;
    if !is_date(date) {
        item.refuse(found, ConfigError::BadDate);
        return None;
    }
    Some(date)
}

fn is_date(text: &str) -> bool {
    text.len() == "2026-08-01".len()
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Flags change workerd, not us, and their author should know; the two that we know are about assets.
pub(crate) fn compatibility_flags<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Vec<&'a str> {
    let flags = item.texts(found).unwrap_or_default();
    if flags
        .iter()
        .any(|flag| ![NAVIGATION, NO_NAVIGATION].contains(flag))
    {
        no_effect.push(item.clone());
    }
    flags
}

const NAVIGATION: &str = "assets_navigation_prefers_asset_serving";
const NO_NAVIGATION: &str = "assets_navigation_has_no_effect";
/// Since when the first of them need not be said. Dates of this form sort as text.
const NAVIGATION_DATE: &str = "2025-04-01";

/// Whether navigation prefers assets to the worker.
pub(crate) fn prefers_assets(date: Option<&str>, flags: &[&str]) -> bool {
    let by_date = date.is_some_and(|date| date >= NAVIGATION_DATE);
    !flags.contains(&NO_NAVIGATION) && (by_date || flags.contains(&NAVIGATION))
}
