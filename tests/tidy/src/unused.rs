//! The rule that the sources of a crate name each of its dependencies.

use std::collections::BTreeMap;

use crate::TidyError;
use crate::modules;
use crate::workspace::{Crate, Dependency, Kind};

/// The dependencies that no source of the crate's library and programs names, but for those of tests and build scripts.
pub fn unused(crates: &[Crate], texts: &BTreeMap<&str, &str>) -> Result<Vec<String>, TidyError> {
    let mut messages = Vec::new();
    for it in crates {
        let mut sources: Vec<&str> = Vec::new();
        for root in &it.roots {
            let modules = modules::read(root, texts)?.into_iter();
            sources.extend(modules.filter_map(|module| texts.get(module.file.as_str()).copied()));
        }
        let unnamed = it.dependencies.iter().filter(|dependency| {
            dependency.kind == Kind::Normal && !sources.iter().any(|text| names(text, dependency))
        });
        messages.extend(unnamed.map(|dependency| {
            let name = &dependency.name;
            format!("{}/Cargo.toml: no source names `{name}`", it.folder)
        }));
    }
    Ok(messages)
}

/// Returns whether a text has the dependency's name as a word. A hyphen is an underscore in sources, and some libraries
/// drop it.
fn names(text: &str, dependency: &Dependency) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    ["_", ""].iter().any(|hyphen| {
        let name = dependency.source_name.replace('-', hyphen);
        text.match_indices(&name).any(|(at, _)| {
            let (before, rest) = text.split_at(at);
            !before.ends_with(is_part) && !rest[name.len()..].starts_with(is_part)
        })
    })
}

#[cfg(test)]
mod planted {
    use std::collections::BTreeMap;

    use super::unused;
    use crate::workspace::{Crate, Kind};

    #[test]
    fn a_dependency_that_only_a_longer_word_or_a_test_names_is_unused() {
        let uses = ["md-5", "serde-json", "serde", "sha2", "tempfile"];
        let mut crates = [Crate::planted("a", "a", &uses)];
        crates[0].dependencies[4].kind = Kind::Dev;
        let texts = BTreeMap::from([
            (
                "a/src/lib.rs",
                "mod hash;\n#[cfg(test)]\nmod tests;\nuse serde_json::Value;",
            ),
            ("a/src/hash.rs", "use md5::Md5;"),
            ("a/src/tests.rs", "use sha2::Sha256;"),
            ("b/src/lib.rs", "use serde::Serialize;"),
        ]);
        assert_eq!(
            unused(&crates, &texts).unwrap(),
            [
                "a/Cargo.toml: no source names `serde`",
                "a/Cargo.toml: no source names `sha2`"
            ]
        );
    }
}
