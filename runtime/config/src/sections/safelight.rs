//! `safelight`: the one section that is not wrangler's.

use std::path::PathBuf;
use std::time::Duration;

use safelight_hop::faults::Fault;
use safelight_net::Deadlines;
use safelight_protocol::settings::{MAX_DEADLINE_MS, PixelSettings};

use super::image_urls::ImageUrls;
use super::public_paths::{self, BindingPath};
use super::{faults, pixels, storage};
use crate::Storage;
use crate::item::{Diagnostics, Item};

/// A 32-bit guest cannot address more.
const MAX_MEMORY_MB: u64 = 4096;

const KEYS: &[&str] = &[
    "memory_mb",
    "deadlines",
    "faults",
    "storage",
    "r2",
    "workers",
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
    "jpeg_decoder",
];

/// What the section says.
#[derive(Default)]
pub(crate) struct Safelight<'a> {
    /// Linear memory of one instance.
    pub(crate) memory_bytes: Option<usize>,
    pub(crate) deadlines: Deadlines,
    pub(crate) image_urls: ImageUrls,
    pub(crate) pixels: PixelSettings,
    /// What to break on purpose, with the item that says what it is aimed at.
    pub(crate) faults: Vec<(Item<'a>, Fault)>,
    /// Further workers of a run.
    pub(crate) workers: Vec<PathBuf>,
    pub(crate) storage: Storage,
    /// Where buckets are for everybody.
    pub(crate) public_paths: Vec<BindingPath<'a>>,
}

pub(crate) fn read<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Safelight<'a> {
    let mut safelight = Safelight::default();
    let fields = item.fields(found, KEYS);
    for field in fields.unwrap_or_default() {
        match field.key {
            "memory_mb" => safelight.memory_bytes = memory(&field, found),
            "deadlines" => safelight.deadlines = deadlines(&field, found),
            "storage" => safelight.storage = storage::read(&field, found),
            "r2" => safelight.public_paths = public_paths::read(&field, found),
            "faults" => safelight.faults = faults::read(&field, found),
            "workers" => {
                let paths = field.texts(found).unwrap_or_default().into_iter();
                let source = found.source;
                safelight.workers = paths.map(|path| source.resolve(path)).collect();
            }
            "strict" | "avif_input" | "time_budget_ms" | "memory_budget_mb" | "jpeg_decoder" => {
                pixels::read(&mut safelight.pixels, &field, found);
            }
            _ => safelight.image_urls.read(&field, found),
        }
    }
    safelight
}

fn memory(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<usize> {
    let megabytes = item.whole_number(found, 1..=MAX_MEMORY_MB)?;
    usize::try_from(megabytes << 20).ok()
}

fn deadlines(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Deadlines {
    let mut deadlines = Deadlines::default();
    let fields = item.fields(found, &["header_read_ms", "body_read_ms", "write_ms"]);
    for field in fields.unwrap_or_default() {
        let Some(ms) = field.whole_number(found, 1..=MAX_DEADLINE_MS) else {
            continue;
        };
        let deadline = match field.key {
            "header_read_ms" => &mut deadlines.header_read,
            "body_read_ms" => &mut deadlines.body_read,
            _ => &mut deadlines.write,
        };
        *deadline = Duration::from_millis(ms);
    }
    deadlines
}
