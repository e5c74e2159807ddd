//! `safelight.storage`: the storage of bindings.

use http::Uri;

use crate::diagnostics::Diagnostics;
use crate::error::{ConfigError, StorageError};
use crate::item::Item;
use crate::storage::{Durability, S3, StateLocation, Storage};

const KEYS: [&str; 7] = [
    "state",
    "durability",
    "part_bytes",
    "endpoint",
    "bucket",
    "region",
    "prefix",
];

/// The keys that describe the store at `endpoint`.
const ENDPOINT_KEYS: [&str; 3] = ["bucket", "region", "prefix"];

pub(crate) fn read(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Storage {
    let mut storage = Storage::default();
    let fields = item.fields(diagnostics, &KEYS).unwrap_or_default();
    for field in &fields {
        match field.key {
            "state" => storage.location = location(field, diagnostics),
            "durability" => storage.durability = durability(field, diagnostics),
            "part_bytes" => {
                storage.part_bytes = field.whole_number(diagnostics, 1..=5 << 20);
            }
            _ => {}
        }
    }
    let has_endpoint = fields.iter().any(|field| field.key == "endpoint");
    if has_endpoint {
        storage.s3 = s3(item, &fields, diagnostics);
    } else {
        for field in fields
            .iter()
            .filter(|field| ENDPOINT_KEYS.contains(&field.key))
        {
            field.refuse(
                diagnostics,
                ConfigError::Storage(StorageError::NeedsEndpoint),
            );
        }
    }
    storage
}

fn location(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> StateLocation {
    match item.non_empty_text(diagnostics) {
        Some("memory") => StateLocation::Memory,
        Some(path) => StateLocation::Folder(diagnostics.source.resolve(path)),
        None => StateLocation::Default,
    }
}

fn durability(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Durability {
    match item.text(diagnostics) {
        Some("process") => Durability::Process,
        Some("disk") | None => Durability::Disk,
        Some(_) => {
            item.refuse(diagnostics, ConfigError::Storage(StorageError::Durability));
            Durability::Disk
        }
    }
}

fn s3(item: &Item<'_>, fields: &[Item<'_>], diagnostics: &mut Diagnostics<'_>) -> Option<S3> {
    let mut endpoint = None;
    let mut bucket = None;
    let mut region = "auto".to_owned();
    let mut prefix = String::new();
    for field in fields {
        match field.key {
            "endpoint" => endpoint = self::endpoint(field, diagnostics),
            "bucket" => bucket = field.non_empty_text(diagnostics).map(str::to_owned),
            "region" => region = field.non_empty_text(diagnostics)?.to_owned(),
            "prefix" => {
                let text = field.text(diagnostics)?;
                if !is_prefix(text) {
                    field.refuse(diagnostics, ConfigError::Storage(StorageError::Prefix));
                }
                prefix = text.to_owned();
            }
            _ => {}
        }
    }
    if !fields.iter().any(|field| field.key == "bucket") {
        let path = format!("{}.bucket", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
    }
    Some(S3 {
        endpoint: endpoint?,
        bucket: bucket?,
        region,
        prefix,
    })
}

/// Whether a path has only parts that a store accepts unchanged.
fn is_prefix(text: &str) -> bool {
    let path = text.strip_prefix('/').unwrap_or(text);
    if path.is_empty() {
        return true;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.chars().any(|c| c.is_ascii_control())
    };
    path.split('/').all(is_part)
}

fn endpoint(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
    let text = item.non_empty_text(diagnostics)?;
    let is_valid = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.path() == "/"
            && uri.query().is_none()
            && uri
                .authority()
                .is_some_and(|host| !host.as_str().contains('@'))
    });
    if !is_valid {
        item.refuse(diagnostics, ConfigError::Storage(StorageError::Endpoint));
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
