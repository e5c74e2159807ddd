//! The rule that a binding takes what CONTRIBUTING.md says. The echo binding, which tests alone turn on, follows the
//! recipe, so the files that name its feature are those that the recipe edits.

use std::collections::BTreeSet;

use crate::map::quoted;
use crate::project::File;
use crate::workspace::{Crate, Kind};

pub const PAGE: &str = "CONTRIBUTING.md";

const SECTION: &str = "## Adding a binding";
const MAX_NEW_PLACES: usize = 4;
const MAX_EDITED_FILES: usize = 7;

/// The feature of the echo binding.
const FEATURE: &str = "echo";

/// The differences between the recipe and the files that name the feature. Tests are left out.
pub fn differences(page: &str, files: &[File]) -> Vec<String> {
    let places = items(page, "New places");
    let edited = items(page, "Edits");
    let edited: BTreeSet<&str> = edited
        .iter()
        .flat_map(|item| quoted(item.split(": ").next().unwrap_or_default()))
        .collect();
    let condition = format!("feature = \"{FEATURE}\"");
    let naming: BTreeSet<&str> = files
        .iter()
        .filter(|file| file.is_rust() && !file.path.starts_with("tests/"))
        .filter(|file| file.text.contains(&condition))
        .map(|file| file.path.as_str())
        .collect();
    let mut messages = Vec::new();
    if !(1..=MAX_NEW_PLACES).contains(&places.len()) {
        let count = places.len();
        messages.push(format!(
            "{PAGE}: a binding takes {count} new places, of 1 to {MAX_NEW_PLACES}"
        ));
    }
    if !(1..=MAX_EDITED_FILES).contains(&edited.len()) {
        let count = edited.len();
        messages.push(format!(
            "{PAGE}: a binding takes edits in {count} files, of 1 to {MAX_EDITED_FILES}"
        ));
    }
    let unnamed = naming.difference(&edited);
    messages.extend(
        unnamed.map(|file| format!("{file} names {condition}, and {PAGE} does not name it")),
    );
    let needless = edited.difference(&naming);
    messages.extend(
        needless.map(|file| format!("{PAGE} names {file}, which does not name {condition}")),
    );
    messages
}

/// The crates that turn the feature on for more than tests.
pub fn turned_on(crates: &[Crate]) -> Vec<String> {
    let has = |features: &[String]| features.iter().any(|feature| feature == FEATURE);
    let by_default = crates
        .iter()
        .filter(|package| has(&package.defaults))
        .map(|package| format!("`{}` has the feature {FEATURE} by default", package.name));
    let by_dependency = crates.iter().flat_map(|package| {
        let dependencies = package.dependencies.iter();
        let dependencies = dependencies.filter(|to| to.kind != Kind::Dev && has(&to.features));
        dependencies.map(|to| {
            let (from, to) = (&package.name, &to.name);
            format!("`{from}` turns on the feature {FEATURE} of `{to}` for more than tests")
        })
    });
    by_default.chain(by_dependency).collect()
}

/// The numbered items under the line of the section that begins with these words.
fn items(page: &str, words: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != SECTION).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("## "));
    let lines = lines.skip_while(|line| !line.starts_with(words)).skip(1);
    let mut items: Vec<String> = Vec::new();
    for line in lines {
        let number = line.split(". ").next().unwrap_or_default();
        if let Some(last) = items.last_mut().filter(|_| line.starts_with(' ')) {
            last.push_str(line);
        } else if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            items.push(line.to_owned());
        } else if !line.is_empty() {
            break;
        }
    }
    items
}

#[cfg(test)]
mod planted {
    use super::{differences, turned_on};
    use crate::project::File;
    use crate::workspace::{Crate, Dependency, Kind};

    const PAGE: &str = "\
# Contributing

## Adding a binding

New places, for a binding called `kv`:

1. `runtime/bindings/kv/`: a crate, with a
   second line.
2. `guest-sdk/src/kv.rs`: the API.

Edits, tests aside:

1. `a.rs`: the kind, and `not_this.rs`.
2. `b/c.rs` and
   `d.rs`: the rest.

Prose with `prose.rs`: not an edit.

## Dependencies

1. `not_that.rs`: of another section.
";

    fn files(paths: &[&str]) -> Vec<File> {
        let named = |path: &&str| File {
            path: (*path).to_owned(),
            text: "#[cfg(feature = \"echo\")]".to_owned(),
        };
        paths.iter().map(named).collect()
    }

    #[test]
    fn the_files_of_the_recipe_are_those_that_name_the_feature() {
        let files = files(&["a.rs", "b/c.rs", "d.rs", "tests/e.rs", "f.md"]);
        assert_eq!(differences(PAGE, &files), Vec::<String>::new());
    }

    #[test]
    fn a_file_too_many_and_a_file_too_few_are_found() {
        let messages = differences(PAGE, &files(&["a.rs", "b/c.rs", "planted.rs"]));
        assert_eq!(
            messages,
            [
                "planted.rs names feature = \"echo\", and CONTRIBUTING.md does not name it",
                "CONTRIBUTING.md names d.rs, which does not name feature = \"echo\"",
            ]
        );
    }

    #[test]
    fn a_recipe_of_too_many_steps_is_found() {
        let (all, more) = (
            ["a", "b/c", "d", "e", "f", "g", "h", "i"],
            "3. `e.rs` `f.rs` `g.rs` `h.rs` `i.rs`: more.\n",
        );
        let paths = all.map(|name| format!("{name}.rs"));
        let files = files(&paths.each_ref().map(String::as_str));
        let page = PAGE.replace("\nProse", &format!("{more}\nProse"));
        let page = page.replace("\nEdits", "3. `x`\n4. `y`\n5. `z`\n\nEdits");
        assert_eq!(
            differences(&page, &files),
            [
                "CONTRIBUTING.md: a binding takes 5 new places, of 1 to 4",
                "CONTRIBUTING.md: a binding takes edits in 8 files, of 1 to 7",
            ]
        );
    }

    #[test]
    fn a_page_without_the_recipe_is_found() {
        assert_eq!(differences("# Contributing\n", &[]).len(), 2);
    }

    #[test]
    fn tests_alone_turn_the_feature_on() {
        let mut package = Crate::planted("safelight", "runtime/safelight", &[]);
        let echo = |kind| Dependency {
            name: "safelight-config".to_owned(),
            source_name: "safelight-config".to_owned(),
            kind,
            features: vec!["echo".to_owned()],
        };
        package.dependencies = vec![echo(Kind::Dev)];
        assert_eq!(
            turned_on(std::slice::from_ref(&package)),
            Vec::<String>::new()
        );
        package.dependencies = vec![echo(Kind::Normal)];
        package.defaults = vec!["echo".to_owned()];
        assert_eq!(
            turned_on(&[package]),
            [
                "`safelight` has the feature echo by default",
                "`safelight` turns on the feature echo of `safelight-config` for more than tests",
            ]
        );
    }
}
