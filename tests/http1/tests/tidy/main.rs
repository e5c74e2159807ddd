//! The house rules that a program can check: `rules` has one function for each.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod project;
mod rules;

use crate::project::{default_programs, examples, files, root};
use crate::rules::RULES;

#[test]
fn every_file_keeps_the_house_rules() {
    let files = files();
    assert!(
        files
            .iter()
            .any(|file| file.path == "tests/http1/tests/tidy/main.rs")
    );
    let broken: Vec<String> = files
        .iter()
        .flat_map(|file| {
            RULES
                .iter()
                .filter_map(|rule| Some(format!("{}: {}", file.path, rule(file)?)))
        })
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The README says `cargo run` without a name, and means `safelight`.
#[test]
fn cargo_run_finds_one_program() {
    assert_eq!(default_programs(), ["safelight"]);
}

#[test]
fn every_example_is_named_in_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(rules::unnamed(&examples(), &readme), Vec::<&str>::new());
}
