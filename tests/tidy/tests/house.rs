//! The house rules, held against this checkout. Each rule's own tests break it on purpose.

use safelight_tidy::project::{examples, files, root};
use safelight_tidy::text::{self, RULES};
use safelight_tidy::workspace::Workspace;

#[test]
fn every_file_keeps_the_house_rules() {
    let files = files(root()).unwrap();
    let this = "tests/tidy/tests/house.rs";
    assert!(files.iter().any(|file| file.path == this));
    let messages = files.iter().flat_map(|file| {
        RULES
            .iter()
            .filter_map(|rule| Some(format!("{}: {}", file.path, rule(file)?)))
    });
    assert_none(messages);
}

/// The README says `cargo run` without a name, and means `safelight`.
#[test]
fn cargo_run_finds_one_program() {
    let workspace = Workspace::read(root()).unwrap();
    assert_eq!(workspace.default_programs, ["safelight"]);
}

#[test]
fn every_example_is_named_in_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let examples = examples(root()).unwrap();
    assert_eq!(text::unnamed(&examples, &readme), Vec::<&str>::new());
}

fn assert_none(messages: impl IntoIterator<Item = String>) {
    let messages: Vec<String> = messages.into_iter().collect();
    assert!(messages.is_empty(), "\n{}", messages.join("\n"));
}
