//! The files of a crate, found from its root by the `mod` items.

use std::collections::BTreeMap;

use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta};

use crate::TidyError;
use crate::modules::items::{is_named_tests, is_of_tests, name_of};

pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    /// Every module, inline ones too, with the module whose file it stands in.
    owners: BTreeMap<String, String>,
}

pub(super) struct Source {
    pub(super) file: String,
    pub(super) module: String,
    pub(super) lines: usize,
    pub(super) syntax: syn::File,
}

/// A file that a `mod` item names.
struct Found {
    file: String,
    module: String,
    /// The folder of the files that its `mod` items name.
    folder: String,
}

impl Tree {
    pub(super) fn read(root: &str, texts: &BTreeMap<&str, &str>) -> Result<Self, TidyError> {
        let mut tree = Self {
            sources: Vec::new(),
            owners: BTreeMap::new(),
        };
        let mut waiting = vec![Found {
            file: root.to_owned(),
            module: "crate".to_owned(),
            folder: folder_of(root).to_owned(),
        }];
        while let Some(found) = waiting.pop() {
            let Some(text) = texts.get(found.file.as_str()) else {
                continue;
            };
            let syntax = syn::parse_file(text)
                .map_err(|error| TidyError::Syntax(found.file.clone(), error))?;
            let mut finder = Finder {
                found: &found,
                texts,
                owners: &mut tree.owners,
                files: &mut waiting,
            };
            finder.add(&found.module, &found.folder, &syntax.items);
            tree.sources.push(Source {
                lines: text.lines().count(),
                file: found.file,
                module: found.module,
                syntax,
            });
        }
        tree.sources.sort_by(|a, b| a.module.cmp(&b.module));
        Ok(tree)
    }

    pub(super) fn has(&self, module: &str) -> bool {
        self.owners.contains_key(module)
    }

    pub(super) fn owner(&self, module: &str) -> Option<&str> {
        self.owners.get(module).map(String::as_str)
    }
}

struct Finder<'a> {
    found: &'a Found,
    texts: &'a BTreeMap<&'a str, &'a str>,
    owners: &'a mut BTreeMap<String, String>,
    files: &'a mut Vec<Found>,
}

impl Finder<'_> {
    /// Notes a module of this file, and the modules that its items begin.
    fn add(&mut self, module: &str, folder: &str, items: &[Item]) {
        self.owners
            .insert(module.to_owned(), self.found.module.clone());
        for item in items {
            let Item::Mod(item) = item else { continue };
            if is_of_tests(&item.attrs) || is_named_tests(item) {
                continue;
            }
            let name = name_of(&item.ident);
            let child = format!("{module}::{name}");
            match &item.content {
                Some((_, items)) => self.add(&child, &join(folder, &name), items),
                None => self.files.extend(self.file(&child, folder, item)),
            }
        }
    }

    fn file(&self, module: &str, folder: &str, item: &ItemMod) -> Option<Found> {
        let name = name_of(&item.ident);
        if let Some(path) = path_attribute(&item.attrs) {
            let file = join(folder_of(&self.found.file), &path);
            let folder = folder_of(&file).to_owned();
            return Some(Found {
                file,
                module: module.to_owned(),
                folder,
            });
        }
        let inside = join(folder, &name);
        let files = [format!("{inside}.rs"), format!("{inside}/mod.rs")];
        let file = files
            .into_iter()
            .find(|file| self.texts.contains_key(file.as_str()))?;
        Some(Found {
            file,
            module: module.to_owned(),
            folder: inside,
        })
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(value),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("path").then(|| value.value())
    })
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` inside `folder`, with every `..` done.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
