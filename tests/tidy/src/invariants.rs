//! The invariants of docs/invariants.md: each names the tests that hold it.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, Macro};

use crate::map::quoted;
use crate::project::File;

pub const PAGE: &str = "docs/invariants.md";

/// The macro that makes a test of each function that it names.
const TEST_MACRO: &str = "on_both_stores";

/// The bullets of the page that name no test, and the names that are no test of the project.
///
/// A bullet begins with `- ` and ends with the names: (test: `name`, `another_name`).
pub fn untested(page: &str, files: &[File]) -> Vec<String> {
    let known = tests_of(files);
    let messages = bullets(page).into_iter().flat_map(|bullet| {
        let Some(tests) = tests(&bullet.text) else {
            let form = "(test: `name`, `another_name`)";
            return vec![format!("{PAGE}:{}: must end with {form}", bullet.line)];
        };
        let unknown = tests.into_iter().filter(|test| !known.contains(*test));
        unknown
            .map(|test| format!("{PAGE}:{}: no test is named `{test}`", bullet.line))
            .collect()
    });
    messages.collect()
}

struct Bullet {
    line: usize,
    text: String,
}

/// A bullet lasts until the next one, an empty line or a heading.
fn bullets(page: &str) -> Vec<Bullet> {
    let mut bullets: Vec<Bullet> = Vec::new();
    let mut is_inside = false;
    for (number, line) in page.lines().enumerate() {
        if let Some(text) = line.strip_prefix("- ") {
            is_inside = true;
            bullets.push(Bullet {
                line: number + 1,
                text: text.to_owned(),
            });
        } else if line.trim().is_empty() || line.starts_with('#') {
            is_inside = false;
        } else if let Some(bullet) = bullets.last_mut().filter(|_| is_inside) {
            bullet.text.push(' ');
            bullet.text.push_str(line.trim());
        }
    }
    bullets
}

/// The names at the end of a bullet, if there are any.
fn tests(bullet: &str) -> Option<Vec<&str>> {
    let bullet = bullet.trim_end_matches('.');
    let (_, names) = bullet.strip_suffix(')')?.rsplit_once("(test: ")?;
    let names: Vec<&str> = quoted(names).collect();
    (!names.is_empty()).then_some(names)
}

/// The names of all tests. A file that does not parse has none.
fn tests_of(files: &[File]) -> BTreeSet<String> {
    let mut reader = TestReader::default();
    for file in files.iter().filter(|file| file.is_rust()) {
        if let Ok(syntax) = syn::parse_file(&file.text) {
            reader.visit_file(&syntax);
        }
    }
    reader.tests
}

#[derive(Default)]
struct TestReader {
    tests: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for TestReader {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if item.attrs.iter().any(is_test) {
            self.tests.insert(item.sig.ident.to_string());
        }
        visit::visit_item_fn(self, item);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if call.path.is_ident(TEST_MACRO) {
            self.tests.extend(idents(&call.tokens));
        }
    }
}

/// True for `#[test]` and `#[tokio::test]`.
fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test")
}

fn idents(tokens: &TokenStream) -> impl Iterator<Item = String> {
    tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

#[cfg(test)]
mod planted {
    use super::untested;
    use crate::project::File;

    fn files() -> [File; 3] {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        [
            file(
                "tests/it/faults.rs",
                "#[tokio::test(start_paused = true)]\n/// Once.\nasync fn a_fault_strikes_once() {}\n\
                 mod inner {\n#[test]\nfn other() {}\n}\n#[expect(unused)]\nfn answer() {}",
            ),
            file(
                "runtime/bindings/r2/tests/r2/lists.rs",
                "on_both_stores! {\n  one_page\n  two_pages\n}\nasync fn one_page(bucket: Bucket) {}\n\
                 async fn two_pages(bucket: Bucket) {}\nasync fn no_page(bucket: Bucket) {}",
            ),
            file("docs/faults.md", "#[test]\nfn written() {}"),
        ]
    }

    #[test]
    fn invariants_with_their_tests_are_accepted() {
        let page = "# Invariants\n\n- One. (test: `other`)\n- Two,\n  and more. (test: `a_fault_strikes_once`,\n  `two_pages`).\n\nProse.\n";
        assert_eq!(untested(page, &files()), Vec::<String>::new());
    }

    #[test]
    fn an_invariant_without_a_test_is_found() {
        let page = "- One. (test: `other`)\n- Two.\n\n- Three (test: other)\n- Four (test: `other`) and more.";
        let form = "must end with (test: `name`, `another_name`)";
        assert_eq!(
            untested(page, &files()),
            [2, 4, 5].map(|line| format!("docs/invariants.md:{line}: {form}"))
        );
    }

    /// A function that is no test, one that a test calls, a part of a name, a text, and a file.
    #[test]
    fn a_name_that_is_no_test_is_found() {
        let names = ["answer", "no_page", "othe", "written", "tests/it/faults.rs"];
        let quoted = names.map(|name| format!("`{name}`")).join(", ");
        assert_eq!(
            untested(&format!("- One. (test: `other`, {quoted})"), &files()),
            names.map(|name| format!("docs/invariants.md:1: no test is named `{name}`"))
        );
    }
}
