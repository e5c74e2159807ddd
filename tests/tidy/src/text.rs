//! The rules on one file, each tested on a sample that breaks it.
//!
//! The samples are put together from pieces, so that this file does not break the rules by speaking of them.

use crate::project::{File, root};

/// A rule on one file. It returns a message if the file breaks the rule.
pub type Rule = fn(&File) -> Option<String>;

pub const RULES: [Rule; 8] = [
    opens_with_its_purpose,
    has_a_table_of_its_modules,
    is_short,
    is_named_by_a_noun,
    ignores_no_test,
    has_no_stub,
    names_no_machine,
    flushes_no_pipeline,
];

const MAX_LINES: usize = 400;

fn opens_with_its_purpose(file: &File) -> Option<String> {
    (file.is_rust() && !file.text.starts_with("//! "))
        .then(|| "must open with a line that says what it is for, after //!".to_owned())
}

/// The root file of a library has a table of its modules. A worker's is left out.
fn has_a_table_of_its_modules(file: &File) -> Option<String> {
    let workers = ["examples/", "tests/guests/"];
    let is_library = file.path.ends_with("src/lib.rs")
        && !workers.iter().any(|folder| file.path.starts_with(folder));
    let is_module = |line: &str| {
        let item = line.strip_prefix("pub ").unwrap_or(line);
        item.starts_with("mod ") && item.ends_with(';')
    };
    let has_modules = file.text.lines().any(is_module);
    let has_table = file
        .text
        .lines()
        .any(|line| line.starts_with("//! | module |"));
    (is_library && has_modules && !has_table)
        .then(|| "has modules and no table of them, as in `//! | module | does |`".to_owned())
}

fn is_short(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (file.is_source() && lines > MAX_LINES)
        .then(|| format!("has {lines} lines of at most {MAX_LINES}: look for the seam"))
}

fn is_named_by_a_noun(file: &File) -> Option<String> {
    const VAGUE_NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "misc"];
    let name = |part: &str| part.split('.').next().unwrap_or_default().to_owned();
    let vague = file
        .path
        .split('/')
        .map(name)
        .find(|part| VAGUE_NAMES.contains(&part.as_str()))?;
    Some(format!("`{vague}` says nothing about what is inside"))
}

fn ignores_no_test(file: &File) -> Option<String> {
    let ignored = concat!("#[", "ignore");
    (file.is_rust() && file.text.contains(ignored)).then(|| format!("has a test with {ignored}]"))
}

fn has_no_stub(file: &File) -> Option<String> {
    const STUBS: [&str; 2] = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let stub = STUBS.iter().find(|stub| file.text.contains(**stub))?;
    file.is_rust().then(|| format!("has a {stub})"))
}

/// No text may hold a path that exists on one machine only: a home folder, or the place of this very checkout.
fn names_no_machine(file: &File) -> Option<String> {
    const HOMES: [&str; 5] = ["/home/", "/Users/", "/root/", "/root/.", "C:\\Users\\"];
    let checkout = root().to_str().filter(|path| path.matches('/').count() > 1);
    let home = HOMES.into_iter().find(|home| has_path_in(&file.text, home));
    let place = home.or_else(|| checkout.filter(|checkout| file.text.contains(checkout)))?;
    Some(format!("names a path on someone's machine, under {place}"))
}

/// Returns whether the text has an absolute path into one of the folders of `home`.
fn has_path_in(text: &str, home: &str) -> bool {
    text.match_indices(home).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + home.len()..].chars().next();
        let is_absolute = !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c));
        is_absolute && after.is_some_and(char::is_alphanumeric)
    })
}

/// With two pipelined requests and keep-alive off, hyper 1.12 then sends nothing at all.
fn flushes_no_pipeline(file: &File) -> Option<String> {
    let call = format!("pipeline_flush({})", true);
    let code: String = file.text.split_whitespace().collect();
    (file.is_rust() && code.contains(&call))
        .then(|| format!("calls {call}, which can lose whole answers"))
}

/// The examples whose folder the text does not name.
pub fn unnamed<'a>(examples: &'a [String], readme: &str) -> Vec<&'a str> {
    let is_named = |name: &str| readme.contains(&format!("(examples/{name})"));
    examples
        .iter()
        .map(String::as_str)
        .filter(|name| !is_named(name))
        .collect()
}

#[cfg(test)]
mod samples {
    use super::{File, MAX_LINES, Rule, root};

    fn breaks(rule: Rule, path: &str, text: &str) -> bool {
        rule(&File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .is_some()
    }

    #[test]
    fn a_file_without_its_purpose_is_found() {
        let rule = super::opens_with_its_purpose;
        assert!(breaks(rule, "src/a.rs", "use std::fs;\n"));
        assert!(breaks(rule, "src/a.rs", "\n//! Late.\n"));
        assert!(!breaks(rule, "src/a.rs", "//! What it is for.\n"));
        assert!(!breaks(rule, "a.md", "# Title\n"));
    }

    #[test]
    fn a_library_without_a_table_of_its_modules_is_found() {
        let rule = super::has_a_table_of_its_modules;
        let table =
            "//! A.\n//!\n//! | module | does |\n//! |---|---|\n//! | [`b`] | c |\n\npub mod b;\n";
        assert!(!breaks(rule, "a/src/lib.rs", table));
        assert!(breaks(rule, "a/src/lib.rs", "//! A.\n\npub mod b;\n"));
        assert!(breaks(rule, "a/src/lib.rs", "//! A.\n\nmod b;\n"));
        assert!(!breaks(rule, "a/src/lib.rs", "//! A.\n\nfn b() {}\n"));
        assert!(!breaks(rule, "a/src/b.rs", "//! B.\n\nmod c;\n"));
        assert!(!breaks(rule, "examples/a/src/lib.rs", "//! A.\n\nmod b;\n"));
    }

    #[test]
    fn a_file_of_one_line_too_many_is_found() {
        let rule = super::is_short;
        assert!(breaks(rule, "src/a.rs", &"\n".repeat(MAX_LINES + 1)));
        assert!(!breaks(rule, "src/a.rs", &"\n".repeat(MAX_LINES)));
        assert!(!breaks(rule, "Cargo.lock", &"\n".repeat(MAX_LINES + 1)));
    }

    #[test]
    fn a_name_that_fits_everything_is_found() {
        let rule = super::is_named_by_a_noun;
        assert!(breaks(rule, "src/utils.rs", ""));
        assert!(breaks(rule, "tests/common/mod.rs", ""));
        assert!(!breaks(rule, "src/commons.rs", ""));
    }

    #[test]
    fn an_ignored_test_is_found() {
        let rule = super::ignores_no_test;
        assert!(breaks(rule, "a.rs", concat!("#[", "ignore]")));
        assert!(breaks(rule, "a.rs", concat!("#[", "ignore = \"slow\"]")));
        assert!(!breaks(rule, "a.rs", "#[test]"));
    }

    #[test]
    fn a_stub_is_found() {
        let rule = super::has_no_stub;
        assert!(breaks(rule, "a.rs", concat!("to", "do!()")));
        assert!(breaks(
            rule,
            "a.rs",
            concat!("unimpl", "emented!(\"later\")")
        ));
        assert!(!breaks(rule, "a.rs", "fn done() {}"));
    }

    #[test]
    fn a_path_on_someones_machine_is_found() {
        let rule = super::names_no_machine;
        assert!(breaks(rule, "a.md", concat!("see /ho", "me/someone/notes")));
        assert!(breaks(
            rule,
            "a.json",
            concat!("\"C:\\Us", "ers\\someone\"")
        ));
        assert!(!breaks(
            rule,
            "a.md",
            "https://example.com/home/page and a/root/b"
        ));
        assert!(breaks(rule, "a.sh", concat!("rm /ro", "ot/.cache")));
        assert!(!breaks(rule, "a.rs", "starts_with(\"/home/\")"));
    }

    #[test]
    fn the_path_of_this_checkout_is_found() {
        let inside = root().join("src/a.rs");
        assert!(breaks(
            super::names_no_machine,
            "a.md",
            inside.to_str().unwrap()
        ));
    }

    #[test]
    fn a_flushed_pipeline_is_found_however_it_is_written() {
        let rule = super::flushes_no_pipeline;
        assert!(breaks(
            rule,
            "a.rs",
            &format!("http.pipeline_flush(\n    {}\n)", true)
        ));
        assert!(!breaks(
            rule,
            "a.rs",
            &format!("http.pipeline_flush({})", false)
        ));
    }

    #[test]
    fn an_example_that_the_readme_leaves_out_is_found() {
        let examples = ["hello".to_owned(), "hello-again".to_owned()];
        let readme = "| [hello](examples/hello) | says hello |";
        assert_eq!(super::unnamed(&examples, readme), ["hello-again"]);
    }
}
