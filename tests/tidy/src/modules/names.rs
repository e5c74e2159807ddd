//! The modules that a path leads to. A module has its name by its place in the tree, an item by the `use` that exports it.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::parent;
use crate::modules::paths::{PathRead, SourceRead};
use crate::modules::tree::Tree;

/// A module, and a name in that module.
type ScopedName = (String, String);

/// The names of a crate.
pub(super) struct Names<'a> {
    tree: &'a Tree,
    /// The modules that a `use` gives a name.
    modules: BTreeMap<ScopedName, String>,
    /// The `use`s that give a module a name, but for those in a function.
    uses: BTreeMap<ScopedName, Vec<&'a PathRead>>,
    /// The `use`s that give a module all names of another one.
    globs: BTreeMap<&'a str, Vec<&'a PathRead>>,
    items: BTreeSet<ScopedName>,
}

impl<'a> Names<'a> {
    pub(super) fn new(tree: &'a Tree, sources: &'a [SourceRead]) -> Self {
        let mut names = Self {
            tree,
            modules: BTreeMap::new(),
            uses: BTreeMap::new(),
            globs: BTreeMap::new(),
            items: sources
                .iter()
                .flat_map(|source| source.items.clone())
                .collect(),
        };
        let mut modules = BTreeMap::new();
        for path in sources.iter().flat_map(|source| &source.paths) {
            if let Some(name) = &path.name {
                let place = (path.here.clone(), name.clone());
                if let Some((module, [])) = names.deepest(&path.here, &path.segments) {
                    modules.insert(place.clone(), module);
                }
                if !path.is_in_block {
                    names.uses.entry(place).or_default().push(path);
                }
            } else if path.is_glob() && !path.is_in_block {
                names.globs.entry(&path.here).or_default().push(path);
            }
        }
        names.modules = modules;
        names
    }

    /// The modules that the path leads to: the deepest that it names, and each that a `use` leads to from there, as far as the
    /// one that holds the item.
    pub(super) fn modules_of(&self, path: &PathRead) -> BTreeSet<String> {
        let mut search = Search::default();
        self.follow(&path.here, &path.segments, &mut search);
        search.modules
    }

    fn follow(&self, here: &str, segments: &[String], search: &mut Search) {
        let Some((module, rest)) = self.deepest(here, segments) else {
            return;
        };
        search.modules.insert(module.clone());
        let Some((name, after)) = rest.split_first() else {
            return;
        };
        let place = (module, name.clone());
        if !search.followed.insert(place.clone()) {
            return;
        }
        let module = &place.0;
        if let Some(uses) = self.uses.get(&place) {
            for path in uses {
                let segments = [path.segments.as_slice(), after].concat();
                self.follow(module, &segments, search);
            }
        } else if !self.items.contains(&place) {
            for glob in self.globs.get(module.as_str()).into_iter().flatten() {
                let Some((_star, named)) = glob.segments.split_last() else {
                    continue;
                };
                if self.may_hold(module, named, name) {
                    self.follow(module, &[named, rest].concat(), search);
                }
            }
        }
    }

    /// Whether the module at this path has something of this name.
    fn may_hold(&self, here: &str, segments: &[String], name: &str) -> bool {
        let Some((module, [])) = self.deepest(here, segments) else {
            return false;
        };
        let is_module = self.tree.has(&format!("{module}::{name}"));
        let has_globs = self.globs.contains_key(module.as_str());
        let place = (module, name.to_owned());
        is_module || has_globs || self.items.contains(&place) || self.uses.contains_key(&place)
    }

    /// The deepest module on the path by the tree alone, and the segments that follow it.
    fn deepest<'b>(&self, here: &str, segments: &'b [String]) -> Option<(String, &'b [String])> {
        let (first, mut rest) = segments.split_first()?;
        let mut module = match first.as_str() {
            "crate" => "crate".to_owned(),
            "self" => here.to_owned(),
            "super" => parent(here)?.to_owned(),
            first => {
                let child = format!("{here}::{first}");
                if self.tree.has(&child) {
                    child
                } else {
                    let place = (here.to_owned(), first.to_owned());
                    self.modules.get(&place)?.clone()
                }
            }
        };
        while let Some((segment, after)) = rest.split_first() {
            let next = match segment.as_str() {
                "super" => parent(&module)?.to_owned(),
                segment => format!("{module}::{segment}"),
            };
            if !self.tree.has(&next) {
                break;
            }
            module = next;
            rest = after;
        }
        Some((module, rest))
    }
}

/// The state of following one path.
#[derive(Default)]
struct Search {
    modules: BTreeSet<String>,
    /// The names that were followed, each once: two modules may export each other's names.
    followed: BTreeSet<ScopedName>,
}
