//! `safelight.r2`: the public path of each binding's bucket.

use crate::diagnostics::Diagnostics;
use crate::error::{ConfigError, StorageError};
use crate::item::Item;
use crate::public_path::PublicPath;

/// A binding's public path.
pub(crate) struct BindingPath<'a> {
    /// Its key is the binding's name.
    pub(crate) binding: Item<'a>,
    pub(crate) path: PublicPath,
}

pub(crate) fn read<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Vec<BindingPath<'a>> {
    let mut paths: Vec<BindingPath<'a>> = Vec::new();
    for binding in item.table(diagnostics).unwrap_or_default() {
        let Some(fields) = binding.fields(diagnostics, &["public_path"]) else {
            continue;
        };
        let Some(item) = fields.into_iter().next() else {
            if binding.node.value.is_empty() {
                let path = format!("{}.public_path", binding.path);
                diagnostics.error(binding.at, &path, ConfigError::Missing);
            }
            continue;
        };
        let Some(path) = item.text(diagnostics).map(str::parse::<PublicPath>) else {
            continue;
        };
        match path {
            Ok(path) if paths.iter().any(|other| other.path.overlaps(&path)) => {
                item.refuse(
                    diagnostics,
                    ConfigError::Storage(StorageError::PublicPathWithin),
                );
            }
            Ok(path) => paths.push(BindingPath { binding, path }),
            Err(error) => item.refuse(
                diagnostics,
                ConfigError::Storage(StorageError::PublicPath(error)),
            ),
        }
    }
    paths
}
