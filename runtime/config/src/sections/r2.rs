//! `r2_buckets`: a list of buckets, each with the name by which the worker finds it.

use super::NamedBinding;
use super::binding_name::{binding_fields, binding_name};
use crate::bindings::{Binding, BindingConfig, R2Config};
use crate::diagnostics::Diagnostics;
use crate::error::{ConfigError, StorageError};
use crate::item::Item;

const KEYS: [&str; 3] = ["bucket_name", "preview_bucket_name", "jurisdiction"];

/// Most buckets of one worker. Each has an open file.
const MAX_BUCKETS: usize = 100;

/// Each bucket, with the item that names its binding.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    item.elements(diagnostics, MAX_BUCKETS, "buckets")
        .into_iter()
        .filter_map(|element| bucket(&element, no_effect, diagnostics))
        .collect()
}

fn bucket<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<NamedBinding<'a>> {
    let (binding, fields) = binding_fields(item, &KEYS, diagnostics)?;
    let mut bucket = None;
    for field in fields {
        match field.key {
            "bucket_name" => bucket = bucket_name(&field, diagnostics),
            // These keys choose among remote buckets.
            "preview_bucket_name" | "jurisdiction" => {
                let is_text = field.text(diagnostics).is_some();
                no_effect.extend(is_text.then_some(field));
            }
            _ => {}
        }
    }
    let binding = binding?;
    let name = binding_name(&binding, diagnostics)?;
    let config = BindingConfig::R2(R2Config {
        // Without a name of its own the bucket has that of its binding.
        bucket: bucket.unwrap_or_else(|| name.clone()),
        // `safelight.r2` sets it.
        public_path: None,
    });
    Some((binding, Binding { name, config }))
}

fn bucket_name(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
    let name = item.text(diagnostics)?;
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_valid = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_inner(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !is_valid {
        item.refuse(diagnostics, ConfigError::Storage(StorageError::BucketName));
        return None;
    }
    Some(name.to_owned())
}
