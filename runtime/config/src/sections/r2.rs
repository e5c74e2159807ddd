//! `r2_buckets`: a list of buckets, each under the name by which the worker finds it.

use super::images::binding_name;
use crate::config::R2Bucket;
use crate::config::error::{Mistake, StorageMistake};
use crate::config::item::{Findings, Item};

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
pub(in crate::config) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Findings<'_>,
) -> Vec<(Item<'a>, R2Bucket)> {
    item.elements(found, MOST, "buckets")
        .into_iter()
        .filter_map(|element| bucket(&element, no_effect, found))
        .collect()
}

fn bucket<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Findings<'_>,
) -> Option<(Item<'a>, R2Bucket)> {
    let mut binding = None;
    let mut bucket = None;
    for field in item.fields(found, &KEYS)? {
        match field.key {
            "binding" => binding = Some(field),
            "bucket_name" => bucket = bucket_name(&field, found),
            "remote" => {
                if field.boolean(found) == Some(true) {
                    field.refuse(found, Mistake::Remote);
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
        found.mistake(item.at, &path, Mistake::Missing);
        return None;
    };
    let name = binding_name(&binding, found)?;
    let bucket = R2Bucket {
        // Without a name of its own it has that of its binding.
        bucket: bucket.unwrap_or_else(|| name.clone()),
        binding: name,
        // `safelight.r2` says it.
        public_path: None,
    };
    Some((binding, bucket))
}

fn bucket_name(item: &Item<'_>, found: &mut Findings<'_>) -> Option<String> {
    let name = item.text(found)?;
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_inner(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !good {
        item.refuse(found, Mistake::Storage(StorageMistake::BucketName));
        return None;
    }
    Some(name.to_owned())
}
