//! The house rules, held against this checkout. Each rule's own tests break it on purpose.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use safelight_tidy::modules::circle::{self, Circle};
use safelight_tidy::modules::{self, Module};
use safelight_tidy::project::{examples, files, root, texts};
use safelight_tidy::text::{self, RULES};
use safelight_tidy::workspace::{Crate, Workspace};
use safelight_tidy::{invariants, map, order, owners, recipe, unused};

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

#[test]
fn every_crate_has_a_rank_and_depends_downwards() {
    let crates = crates();
    assert_none(order::unranked(&crates));
    assert_none(order::upward(&crates));
}

#[test]
fn engine_codecs_and_parsers_of_configs_have_one_crate_each() {
    assert_none(owners::forbidden_dependencies(&crates()));
}

#[test]
fn every_crate_names_its_dependencies() {
    let files = files(root()).unwrap();
    assert_none(unused::unused(&crates(), &texts(&files)).unwrap());
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    assert_none(circles(circle::file_circles));
}

/// Each module is taken with all that is inside it.
#[test]
fn no_modules_of_a_crate_import_each_other_in_a_circle() {
    assert_none(circles(circle::folder_circles));
}

#[test]
fn the_map_in_architecture_is_that_of_the_crates() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert_none(map::differences(&text, &crates()));
}

#[test]
fn a_binding_takes_what_contributing_says() {
    let files = files(root()).unwrap();
    let page = files.iter().find(|file| file.path == recipe::PAGE);
    let page = page.expect("the page of recipes is in the tree");
    assert_none(recipe::differences(&page.text, &files));
}

#[test]
fn the_binding_of_the_tests_is_in_no_program_of_users() {
    assert_none(recipe::turned_on(&crates()));
}

#[test]
fn every_invariant_is_held_by_a_test() {
    let files = files(root()).unwrap();
    let page = files.iter().find(|file| file.path == invariants::PAGE);
    let page = page.expect("the page of invariants is in the tree");
    assert_none(invariants::untested(&page.text, &files));
}

fn crates() -> Vec<Crate> {
    Workspace::read(root()).unwrap().crates
}

fn circles(find: impl Fn(&[Module]) -> Vec<Circle>) -> Vec<String> {
    let files = files(root()).unwrap();
    let texts = texts(&files);
    let crates = crates();
    let roots: Vec<&String> = crates.iter().flat_map(|package| &package.roots).collect();
    assert!(roots.len() >= crates.len() - 1);
    let mut messages = Vec::new();
    for root in roots {
        let modules = modules::read(root, &texts).unwrap();
        assert!(!modules.is_empty(), "{root} is a text file of the project");
        let found = find(&modules);
        messages.extend(found.iter().map(|circle| format!("{root}: {circle}")));
    }
    messages
}

#[track_caller]
fn assert_none(messages: impl IntoIterator<Item = String>) {
    let messages: Vec<String> = messages.into_iter().collect();
    assert!(messages.is_empty(), "\n{}", messages.join("\n"));
}
