//! `safelight.r2`: of each binding, the path under which its bucket is for everybody.

use crate::PublicPath;
use crate::error::{ConfigError, StorageError};
use crate::item::{Diagnostics, Item};

/// A binding's public path.
pub(crate) struct BindingPath<'a> {
    /// Its key is the binding's name.
    pub(crate) binding: Item<'a>,
    pub(crate) path: PublicPath,
}

pub(crate) fn read<'a>(item: &Item<'a>, found: &mut Diagnostics<'_>) -> Vec<BindingPath<'a>> {
    let mut paths: Vec<BindingPath<'a>> = Vec::new();
    for binding in item.table(found).unwrap_or_default() {
        let Some(fields) = binding.fields(found, &["public_path"]) else {
            continue;
        };
        let Some(item) = fields.into_iter().next() else {
            if binding.node.value.is_empty() {
                let path = format!("{}.public_path", binding.path);
                found.mistake(binding.at, &path, ConfigError::Missing);
            }
            continue;
        };
        let Some(path) = item.text(found).map(str::parse::<PublicPath>) else {
            continue;
        };
        match path {
            Ok(path) if paths.iter().any(|other| other.path.overlaps(&path)) => {
                item.refuse(found, ConfigError::Storage(StorageError::PublicPathWithin));
            }
            Ok(path) => paths.push(BindingPath { binding, path }),
            Err(error) => item.refuse(found, ConfigError::Storage(StorageError::PublicPath(error))),
        }
    }
    paths
}
