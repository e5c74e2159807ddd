//! `r2_buckets`: a list of buckets, each under the name by which the worker finds it.

use super::NamedBinding;
use super::images::binding_name;
use crate::bindings::{Binding, BindingConfig, R2Config};
use crate::error::{ConfigError, StorageError};
use crate::item::{Diagnostics, Item};

const KEYS: [&str; 5] = [
    "binding",
    "bucket_name",
    "preview_bucket_name",
    "jurisdiction",
    "remote",
];

/// Buckets of one worker; each has a file of its own that is opened.
const MOST: usize = 100;

/// Each bucket, with the item that names its binding.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    item.elements(found, MOST, "buckets")
        .into_iter()
        .filter_map(|element| bucket(&element, no_effect, found))
        .collect()
}

fn bucket<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Option<NamedBinding<'a>> {
    let mut binding = None;
    let mut bucket = None;
    for field in item.fields(found, &KEYS)? {
        match field.key {
            "binding" => binding = Some(field),
            "bucket_name" => bucket = bucket_name(&field, found),
            "remote" => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, ConfigError::Remote);
                }
            }
            // They choose among buckets that are not here.
            _ => {
                if field.text(found).is_some() {
                    no_effect.push(field);
                }
            }
        }
    }
    let Some(binding) = binding else {
        let path = format!("{}.binding", item.path);
        found.mistake(item.at, &path, ConfigError::Missing);
        return None;
    };
    let name = binding_name(&binding, found)?;
    let config = BindingConfig::R2(R2Config {
        // Without a name of its own the bucket has that of its binding.
        bucket: bucket.unwrap_or_else(|| name.clone()),
        // `safelight.r2` sets it.
        public_path: None,
    });
    Some((binding, Binding { name, config }))
}

fn bucket_name(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<String> {
    let name = item.text(found)?;
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_inner(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !good {
        item.refuse(found, ConfigError::Storage(StorageError::BucketName));
        return None;
    }
    Some(name.to_owned())
}
