//! The modules of a crate, a file each, and what each imports from the others.
//!
//! A module is written as its path from the crate's root: `crate::record::chain`. Code that only tests or fuzzing compile
//! is left out: items and files under `#[cfg(test)]` or `#[cfg(fuzzing)]`, and modules that are named `tests`.

pub mod circle;
mod items;
mod names;
mod paths;
mod tree;

use std::collections::BTreeMap;

use crate::TidyError;
use crate::modules::names::Names;
use crate::modules::paths::{PathRead, SourceRead};
use crate::modules::tree::Tree;

/// One file of a crate.
#[derive(Debug)]
pub struct Module {
    pub path: String,
    /// From the project's root.
    pub file: String,
    /// The file's lines without those of tests.
    pub lines: usize,
    pub imports: Vec<Import>,
}

/// A path in a module's source that leads to a module of the same crate: in a `use`, in an expression, in a macro's input.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Debug)]
pub struct Import {
    /// The file's module that the path leads to. A path to an item that a module exports again is an import of that module, and
    /// one of the module that holds the item.
    pub to: String,
    pub line: usize,
    pub text: String,
}

/// The modules of the crate whose root file is `root`, found in `texts`, which has a text for each path.
pub fn read(root: &str, texts: &BTreeMap<&str, &str>) -> Result<Vec<Module>, TidyError> {
    let tree = Tree::read(root, texts)?;
    let reads: Vec<SourceRead> = tree
        .sources
        .iter()
        .map(|source| paths::read(&source.module, &source.syntax))
        .collect();
    let names = Names::new(&tree, &reads);
    let modules = tree
        .sources
        .iter()
        .zip(&reads)
        .map(|(source, read)| Module {
            path: source.module.clone(),
            file: source.file.clone(),
            lines: source.lines.saturating_sub(read.test_lines),
            imports: imports(&tree, &names, read),
        });
    Ok(modules.collect())
}

fn imports(tree: &Tree, names: &Names<'_>, read: &SourceRead) -> Vec<Import> {
    let import = |path: &PathRead, module: &str| {
        Some(Import {
            to: tree.owner(module)?.to_owned(),
            line: path.line,
            text: path.segments.join("::"),
        })
    };
    let mut imports: Vec<Import> = Vec::new();
    for path in &read.paths {
        let modules = names.modules_of(path);
        imports.extend(modules.iter().filter_map(|module| import(path, module)));
    }
    imports.sort_by(|a, b| (&a.to, a.line).cmp(&(&b.to, b.line)));
    imports.dedup_by(|a, b| a.to == b.to && a.line == b.line);
    imports
}

pub(crate) fn parent(module: &str) -> Option<&str> {
    Some(module.rsplit_once("::")?.0)
}

#[cfg(test)]
mod tests;
