//! The modules of a crate, a file each, and what each imports from the others.
//!
//! A module is written as its path from the crate's root: `crate::record::chain`. Code that only tests or fuzzing compile
//! is left out: items and files under `#[cfg(test)]` or `#[cfg(fuzzing)]`, and modules that are named `tests`.

pub mod circle;
mod items;
mod paths;
mod tree;

use std::collections::BTreeMap;

use crate::TidyError;
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
    /// The file's module that the path leads to. An item that an ancestor exports again leads to the ancestor.
    pub to: String,
    pub line: usize,
    pub text: String,
}

/// The modules of the crate whose root file is `root`, found in `texts`, which has a text for each path.
pub fn read(root: &str, texts: &BTreeMap<&str, &str>) -> Result<Vec<Module>, TidyError> {
    let tree = Tree::read(root, texts)?;
    let modules = tree.sources.iter().map(|source| {
        let read = paths::read(&source.module, &source.syntax);
        Module {
            path: source.module.clone(),
            file: source.file.clone(),
            lines: source.lines.saturating_sub(read.test_lines),
            imports: imports(&tree, &read),
        }
    });
    Ok(modules.collect())
}

fn imports(tree: &Tree, read: &SourceRead) -> Vec<Import> {
    let names = names(tree, read);
    let mut imports: Vec<Import> = read
        .paths
        .iter()
        .filter_map(|path| {
            let (module, _) = resolve(tree, &names, path)?;
            Some(Import {
                to: tree.owner(&module)?.to_owned(),
                line: path.line,
                text: path.segments.join("::"),
            })
        })
        .collect();
    imports.sort_by(|a, b| (&a.to, a.line).cmp(&(&b.to, b.line)));
    imports.dedup_by(|a, b| a.to == b.to && a.line == b.line);
    imports
}

/// The modules that `use` gives a name: by the module in which the `use` stands, and the name.
type Names = BTreeMap<(String, String), String>;

fn names(tree: &Tree, read: &SourceRead) -> Names {
    let none = Names::new();
    let named = read.paths.iter().filter_map(|path| {
        let name = path.name.clone()?;
        let (module, rest) = resolve(tree, &none, path)?;
        (rest == 0).then_some(((path.here.clone(), name), module))
    });
    named.collect()
}

/// The deepest module on the path, and how many segments follow it.
fn resolve(tree: &Tree, names: &Names, path: &PathRead) -> Option<(String, usize)> {
    let mut segments = path.segments.iter().map(String::as_str).peekable();
    let mut module = match segments.next()? {
        "crate" => "crate".to_owned(),
        "self" => path.here.clone(),
        "super" => parent(&path.here)?.to_owned(),
        first => {
            let child = format!("{}::{first}", path.here);
            let name = (path.here.clone(), first.to_owned());
            if tree.has(&child) {
                child
            } else {
                names.get(&name)?.clone()
            }
        }
    };
    while let Some(segment) = segments.peek() {
        let next = match *segment {
            "super" => parent(&module)?.to_owned(),
            segment => format!("{module}::{segment}"),
        };
        if !tree.has(&next) {
            break;
        }
        module = next;
        segments.next();
    }
    Some((module, segments.count()))
}

pub(crate) fn parent(module: &str) -> Option<&str> {
    Some(module.rsplit_once("::")?.0)
}

#[cfg(test)]
mod tests;
