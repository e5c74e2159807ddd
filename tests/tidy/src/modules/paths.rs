//! Every path in a file's source that may lead to a module, and the lines that are tests'.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, Item, ItemMod, ItemUse, Macro, Meta, Path, UseTree};

use crate::modules::items::{attributes, ident, is_named_tests, is_of_tests, name_of};

#[derive(Default)]
pub(super) struct SourceRead {
    pub(super) paths: Vec<PathRead>,
    /// The items that stand in no function: by the module, which may be an inline one, and the name.
    pub(super) items: Vec<(String, String)>,
    pub(super) test_lines: usize,
}

pub(super) struct PathRead {
    /// The module that the path stands in, which may be an inline one.
    pub(super) here: String,
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// The name that a `use` gives to the last segment.
    pub(super) name: Option<String>,
    /// True in a function, whose `use`s no other module sees.
    pub(super) is_in_block: bool,
}

impl PathRead {
    /// True for a `use` of all names of a module.
    pub(super) fn is_glob(&self) -> bool {
        self.segments.last().is_some_and(|last| last == GLOB)
    }
}

/// The last segment of a `use` of all names of a module.
const GLOB: &str = "*";

pub(super) fn read(module: &str, syntax: &syn::File) -> SourceRead {
    let mut reader = Reader {
        here: module.to_owned(),
        is_in_block: false,
        read: SourceRead::default(),
    };
    reader.visit_file(syntax);
    reader.read
}

struct Reader {
    here: String,
    is_in_block: bool,
    read: SourceRead,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_of_tests = match item {
            Item::Mod(item) => is_of_tests(&item.attrs) || is_named_tests(item),
            item => attributes(item).is_some_and(is_of_tests),
        };
        if is_of_tests {
            self.leave_out(item.span());
            return;
        }
        if let Some(ident) = ident(item).filter(|_| !self.is_in_block) {
            self.read.items.push((self.here.clone(), name_of(ident)));
        }
        visit::visit_item(self, item);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let outside = std::mem::replace(&mut self.is_in_block, true);
        visit::visit_block(self, block);
        self.is_in_block = outside;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if is_of_tests(&item.attrs) {
            self.leave_out(item.span());
        } else {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let inside = format!("{}::{}", self.here, name_of(&item.ident));
        let outside = std::mem::replace(&mut self.here, inside);
        visit::visit_item_mod(self, item);
        self.here = outside;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.add_use(&mut Vec::new(), &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.add(segments(path), path.span(), None);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(&call.tokens);
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(&list.tokens);
        }
        visit::visit_attribute(self, attribute);
    }
}

impl Reader {
    fn add(&mut self, segments: Vec<String>, span: Span, name: Option<String>) {
        // A single name is a module only in a `use`, which names it itself.
        if segments.len() > 1 || name.is_some() {
            self.read.paths.push(PathRead {
                here: self.here.clone(),
                segments,
                line: span.start().line,
                name,
                is_in_block: self.is_in_block,
            });
        }
    }

    fn leave_out(&mut self, span: Span) {
        self.read.test_lines += span.end().line + 1 - span.start().line;
    }

    fn add_use(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(name_of(&path.ident));
                self.add_use(before, &path.tree);
                before.pop();
            }
            UseTree::Name(leaf) => self.add_leaf(before, &leaf.ident, &leaf.ident),
            UseTree::Rename(leaf) => self.add_leaf(before, &leaf.ident, &leaf.rename),
            UseTree::Glob(star) => {
                let mut segments = before.clone();
                segments.push(GLOB.to_owned());
                self.add(segments, star.span(), None);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(before, tree);
                }
            }
        }
    }

    fn add_leaf(&mut self, before: &[String], leaf: &syn::Ident, name: &syn::Ident) {
        let mut segments = before.to_vec();
        let mut name = name_of(name);
        if leaf != "self" {
            segments.push(name_of(leaf));
        } else if name == "self" {
            name = before.last().cloned().unwrap_or_default();
        }
        self.add(segments, leaf.span(), Some(name));
    }

    /// Paths in what a macro or an attribute is given, and in texts that are paths, as serde's `with` takes.
    fn add_tokens(&mut self, tokens: &TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut start = Span::call_site();
        let mut colons = 0;
        for token in tokens.clone() {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add(std::mem::take(&mut path), start, None);
                        start = ident.span();
                    }
                    path.push(name_of(ident));
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.add_tokens(&group.stream()),
                TokenTree::Literal(literal) => self.add_text(&literal.to_string(), literal.span()),
                TokenTree::Punct(_) => {}
            }
            self.add(std::mem::take(&mut path), start, None);
            colons = 0;
        }
        self.add(path, start, None);
    }

    fn add_text(&mut self, literal: &str, span: Span) {
        let text = literal.trim_matches('"');
        if let Ok(path) = syn::parse_str::<Path>(text) {
            self.add(segments(&path), span, None);
        }
    }
}

fn segments(path: &Path) -> Vec<String> {
    let segments = path.segments.iter();
    segments.map(|segment| name_of(&segment.ident)).collect()
}
