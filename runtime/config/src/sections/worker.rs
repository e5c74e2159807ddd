//! `name`, `main` and the compatibility keys.

use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

/// A worker's name, and whether it stands in the chosen environment.
pub(crate) struct WorkerName {
    text: String,
    in_environment: bool,
}

pub(crate) fn name(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<WorkerName> {
    let text = item.non_empty_text(diagnostics)?;
    if !is_worker_name(text) {
        item.refuse(diagnostics, ConfigError::BadWorkerName);
        return None;
    }
    Some(WorkerName {
        text: text.to_owned(),
        in_environment: item.path != item.key,
    })
}

/// The name in an environment: `gallery` is `gallery-staging` in the environment `staging`, unless that sets a name.
pub(crate) fn full_name(name: Option<WorkerName>, environment: Option<&str>, dir: &Path) -> String {
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

pub(crate) fn main(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<PathBuf> {
    let path = item.non_empty_text(diagnostics)?;
    Some(diagnostics.source.resolve(path))
}

/// Reads the date. It only decides whether assets answer navigation.
pub(crate) fn compatibility_date<'a>(
    item: &Item<'a>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<&'a str> {
    let date = item.text(diagnostics)?;
    if !is_date(date) {
        item.refuse(diagnostics, ConfigError::BadDate);
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

/// Reads the flags. All but the two about assets have no effect, and a warning says so.
pub(crate) fn compatibility_flags<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<&'a str> {
    let flags = item.texts(diagnostics).unwrap_or_default();
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
/// The compatibility date that implies the first flag. Dates of this form sort as text.
const NAVIGATION_DATE: &str = "2025-04-01";

/// Whether navigation prefers assets to the worker.
pub(crate) fn prefers_assets(date: Option<&str>, flags: &[&str]) -> bool {
    let by_date = date.is_some_and(|date| date >= NAVIGATION_DATE);
    !flags.contains(&NO_NAVIGATION) && (by_date || flags.contains(&NAVIGATION))
}
