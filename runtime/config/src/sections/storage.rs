//! `safelight.storage`: where bindings keep what must outlive a run.

use http::Uri;

use crate::error::{ConfigError, StorageError};
use crate::item::{Diagnostics, Item};
use crate::{Durability, S3, StatePlace, Storage};

const KEYS: [&str; 7] = [
    "state",
    "durability",
    "part_bytes",
    "endpoint",
    "bucket",
    "region",
    "prefix",
];

/// The keys that say more about the store at `endpoint`.
const OF_ENDPOINT: [&str; 3] = ["bucket", "region", "prefix"];

pub(crate) fn read(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Storage {
    let mut storage = Storage::default();
    let fields = item.fields(found, &KEYS).unwrap_or_default();
    for field in &fields {
        match field.key {
            "state" => storage.place = place(field, found),
            "durability" => storage.durability = durability(field, found),
            "part_bytes" => {
                storage.part_bytes = field.whole_number(found, 1..=5 << 20);
            }
            _ => {}
        }
    }
    let has_endpoint = fields.iter().any(|field| field.key == "endpoint");
    if has_endpoint {
        storage.s3 = s3(item, &fields, found);
    } else {
        for field in fields
            .iter()
            .filter(|field| OF_ENDPOINT.contains(&field.key))
        {
            field.refuse(found, ConfigError::Storage(StorageError::NeedsEndpoint));
        }
    }
    storage
}

fn place(item: &Item<'_>, found: &mut Diagnostics<'_>) -> StatePlace {
    match item.filled_text(found) {
        Some("memory") => StatePlace::Memory,
        Some(path) => StatePlace::Folder(found.source.resolve(path)),
        None => StatePlace::Default,
    }
}

fn durability(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Durability {
    match item.text(found) {
        Some("process") => Durability::Process,
        Some("disk") | None => Durability::Disk,
        Some(_) => {
            item.refuse(found, ConfigError::Storage(StorageError::Durability));
            Durability::Disk
        }
    }
}

fn s3(item: &Item<'_>, fields: &[Item<'_>], found: &mut Diagnostics<'_>) -> Option<S3> {
    let mut endpoint = None;
    let mut bucket = None;
    let mut region = "auto".to_owned();
    let mut prefix = String::new();
    for field in fields {
        match field.key {
            "endpoint" => endpoint = self::endpoint(field, found),
            "bucket" => bucket = field.filled_text(found).map(str::to_owned),
            "region" => region = field.filled_text(found)?.to_owned(),
            "prefix" => {
                let text = field.text(found)?;
                if !is_prefix(text) {
                    field.refuse(found, ConfigError::Storage(StorageError::Prefix));
                }
                prefix = text.to_owned();
            }
            _ => {}
        }
    }
    if !fields.iter().any(|field| field.key == "bucket") {
        let path = format!("{}.bucket", item.path);
        found.mistake(item.at, &path, ConfigError::Missing);
    }
    Some(S3 {
        endpoint: endpoint?,
        bucket: bucket?,
        region,
        prefix,
    })
}

/// A path whose parts a store takes as they are.
fn is_prefix(text: &str) -> bool {
    let path = text.strip_prefix('/').unwrap_or(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.chars().any(|c| c.is_ascii_control())
    };
    path.is_empty() || path.split('/').all(is_part)
}

fn endpoint(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<String> {
    let text = item.filled_text(found)?;
    let good = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.path() == "/"
            && uri.query().is_none()
            && uri
                .authority()
                .is_some_and(|host| !host.as_str().contains('@'))
    });
    if !good {
        item.refuse(found, ConfigError::Storage(StorageError::Endpoint));
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
