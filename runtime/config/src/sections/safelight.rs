//! `safelight`: the section that wrangler does not have.

use std::path::PathBuf;
use std::time::Duration;

use safelight_hop::faults::Fault;
use safelight_net::Deadlines;
use safelight_protocol::settings::{MAX_DEADLINE_MS, PixelSettings};

use super::image_urls::{self, ImageUrls};
use super::public_paths::{self, BindingPath};
use super::{faults, pixels, storage};
use crate::allowed_hosts::AllowedHosts;
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;
use crate::storage::Storage;

/// Largest memory of an instance: a 32-bit guest cannot address more.
const MAX_MEMORY_MB: u64 = 4096;

/// Largest memory of all instances of a run: a tebibyte.
const MAX_INSTANCES_MEMORY_MB: u64 = 1 << 20;

const KEYS: &[&str] = &[
    "memory_mb",
    "instances_memory_mb",
    "redact_query",
    "deadlines",
    "faults",
    "storage",
    "r2",
    "workers",
    "allowed_hosts",
    "image_urls",
    "allowed_origins",
    "denied_origins",
    "allowed_addresses",
    "source_ms",
    "source_connect_ms",
    "cf_image_fail_open",
    "strict",
    "avif_input",
    "time_budget_ms",
    "memory_budget_mb",
    "memory_total_mb",
    "jpeg_decoder",
    "sandbox",
];

/// The values of the section.
#[derive(Default)]
pub(crate) struct Safelight<'a> {
    /// Linear memory of one instance.
    pub(crate) memory_bytes: Option<usize>,
    /// Linear memory of all instances of a run.
    pub(crate) instances_memory_bytes: Option<usize>,
    pub(crate) redact_query: Vec<String>,
    pub(crate) deadlines: Deadlines,
    pub(crate) allowed_hosts: AllowedHosts,
    pub(crate) image_urls: ImageUrls,
    pub(crate) pixels: PixelSettings,
    /// The faults, each with the item that names its target.
    pub(crate) faults: Vec<(Item<'a>, Fault)>,
    /// Further workers of a run.
    pub(crate) workers: Vec<PathBuf>,
    pub(crate) storage: Storage,
    /// The public paths of buckets.
    pub(crate) public_paths: Vec<BindingPath<'a>>,
}

pub(crate) fn read<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Safelight<'a> {
    let mut safelight = Safelight::default();
    let fields = item.fields(diagnostics, KEYS);
    for field in fields.unwrap_or_default() {
        match field.key {
            "memory_mb" => {
                safelight.memory_bytes = memory(&field, MAX_MEMORY_MB, diagnostics);
            }
            "instances_memory_mb" => {
                let bytes = memory(&field, MAX_INSTANCES_MEMORY_MB, diagnostics);
                safelight.instances_memory_bytes = bytes;
            }
            "redact_query" => safelight.redact_query = redact_query(&field, diagnostics),
            "deadlines" => safelight.deadlines = deadlines(&field, diagnostics),
            "storage" => safelight.storage = storage::read(&field, diagnostics),
            "r2" => safelight.public_paths = public_paths::read(&field, diagnostics),
            "faults" => safelight.faults = faults::read(&field, diagnostics),
            "workers" => {
                let paths = field.texts(diagnostics).unwrap_or_default().into_iter();
                let source = diagnostics.source;
                safelight.workers = paths.map(|path| source.resolve(path)).collect();
            }
            "allowed_hosts" => {
                safelight.allowed_hosts = AllowedHosts::new(image_urls::list(&field, diagnostics));
            }
            "strict" | "avif_input" | "time_budget_ms" | "memory_budget_mb" | "memory_total_mb"
            | "jpeg_decoder" | "sandbox" => {
                pixels::read(&mut safelight.pixels, &field, diagnostics);
            }
            "image_urls" | "allowed_origins" | "denied_origins" | "allowed_addresses"
            | "source_ms" | "source_connect_ms" | "cf_image_fail_open" => {
                safelight.image_urls.read(&field, diagnostics);
            }
            _ => {}
        }
    }
    safelight
}

fn memory(item: &Item<'_>, max_mb: u64, diagnostics: &mut Diagnostics<'_>) -> Option<usize> {
    let megabytes = item.whole_number(diagnostics, 1..=max_mb)?;
    usize::try_from(megabytes << 20).ok()
}

/// Reads the names of parameters of queries.
fn redact_query(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Vec<String> {
    let names = item.texts(diagnostics).unwrap_or_default();
    if names.contains(&"") {
        item.refuse(diagnostics, ConfigError::Empty);
    }
    names.into_iter().map(str::to_owned).collect()
}

fn deadlines(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Deadlines {
    let mut deadlines = Deadlines::default();
    let fields = item.fields(diagnostics, &["header_read_ms", "body_read_ms", "write_ms"]);
    for field in fields.unwrap_or_default() {
        let Some(ms) = field.whole_number(diagnostics, 1..=MAX_DEADLINE_MS) else {
            continue;
        };
        let deadline = match field.key {
            "header_read_ms" => &mut deadlines.header_read,
            "body_read_ms" => &mut deadlines.body_read,
            "write_ms" => &mut deadlines.write,
            _ => continue,
        };
        *deadline = Duration::from_millis(ms);
    }
    deadlines
}
