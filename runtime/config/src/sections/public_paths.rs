//! `safelight.r2`: of each binding, the path under which its bucket is for everybody.

use crate::config::PublicPath;
use crate::config::error::{Mistake, StorageMistake};
use crate::config::item::{Findings, Item};

/// A binding's public path.
pub(in crate::config) struct BindingPath<'a> {
    /// Its key is the binding's name.
    pub(in crate::config) binding: Item<'a>,
    pub(in crate::config) path: PublicPath,
}

pub(in crate::config) fn read<'a>(
    item: &Item<'a>,
    found: &mut Findings<'_>,
) -> Vec<BindingPath<'a>> {
    let mut paths: Vec<BindingPath<'a>> = Vec::new();
    for binding in item.table(found).unwrap_or_default() {
        let Some(fields) = binding.fields(found, &["public_path"]) else {
            continue;
        };
        let Some(item) = fields.into_iter().next() else {
            if binding.node.value.says_nothing() {
                let path = format!("{}.public_path", binding.path);
                found.mistake(binding.at, &path, Mistake::Missing);
            }
            continue;
        };
        let Some(path) = item.text(found).map(str::parse::<PublicPath>) else {
            continue;
        };
        match path {
            Ok(path) if paths.iter().any(|other| other.path.overlaps(&path)) => {
                item.refuse(found, Mistake::Storage(StorageMistake::PublicPathWithin));
            }
            Ok(path) => paths.push(BindingPath { binding, path }),
            Err(error) => item.refuse(found, Mistake::Storage(StorageMistake::PublicPath(error))),
        }
    }
    paths
}
