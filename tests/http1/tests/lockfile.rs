//! The versions of hyper in the lockfile, with which the product is built.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::Table;

/// The packages that users run.
const PRODUCT: [&str; 2] = ["safelight", "safelight-images"];
/// The first release of which no truncated answer is known.
const OLDEST: [u64; 3] = [1, 12, 0];

#[test]
fn no_hyper_1_is_older_than_1_12() {
    let lock = Lockfile::read();
    let modern = lock.hypers(&lock.everything(), |version| version[0] >= 1);
    assert!(!modern.is_empty());
    assert_eq!(too_old(&modern), Vec::<&str>::new());
}

#[test]
fn no_hyper_0_is_part_of_the_product() {
    let lock = Lockfile::read();
    for package in PRODUCT {
        let parts = lock.parts_of(package);
        assert!(parts.len() > 1, "{package} has dependencies");
        assert_eq!(
            lock.hypers(&parts, |version| version[0] == 0),
            Vec::<&str>::new()
        );
    }
}

#[test]
fn the_hyper_0_of_these_tests_would_be_found() {
    let lock = Lockfile::read();
    let parts = lock.parts_of("safelight-http1-tests");
    assert_eq!(lock.hypers(&parts, |version| version[0] == 0), ["0.14.32"]);
}

#[test]
fn a_hyper_below_1_12_would_be_found_however_deep() {
    let lock = Lockfile::parse(
        r#"
        [[package]]
        name = "safelight"
        version = "0.1.0"
        dependencies = ["between"]
        [[package]]
        name = "between"
        version = "3.0.0"
        dependencies = ["hyper 1.9.5"]
        [[package]]
        name = "hyper"
        version = "1.9.5"
        [[package]]
        name = "hyper"
        version = "1.12.0"
        "#,
    );
    let found = lock.hypers(&lock.parts_of("safelight"), |_| true);
    assert_eq!(found, ["1.9.5"]);
    assert_eq!(
        too_old(&["1.9.5", "1.11.0", "1.12.0", "1.13.1", "2.0.0"]),
        ["1.9.5", "1.11.0"]
    );
}

fn too_old<'a>(versions: &[&'a str]) -> Vec<&'a str> {
    let is_old = |version: &&str| numbers(version) < OLDEST.to_vec();
    versions.iter().copied().filter(is_old).collect()
}

/// A package by name and version.
type Id<'a> = (&'a str, &'a str);

struct Lockfile {
    table: Table,
}

impl Lockfile {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    fn parse(text: &str) -> Self {
        Self {
            table: text.parse().unwrap(),
        }
    }

    /// Every package, with what it depends on as the lockfile writes it: a name, then a version where one is needed.
    fn packages(&self) -> BTreeMap<Id<'_>, Vec<&str>> {
        let packages = self.table["package"].as_array().unwrap();
        packages
            .iter()
            .map(|package| {
                let id = (str_of(&package["name"]), str_of(&package["version"]));
                let dependencies = package.get("dependencies").and_then(|list| list.as_array());
                (id, dependencies.into_iter().flatten().map(str_of).collect())
            })
            .collect()
    }

    fn everything(&self) -> BTreeSet<Id<'_>> {
        self.packages().into_keys().collect()
    }

    /// The package and whatever it depends on, directly or not, tests included.
    fn parts_of(&self, name: &str) -> BTreeSet<Id<'_>> {
        let packages = self.packages();
        let named = |wanted: &str| {
            let mut words = wanted.split(' ');
            let (name, version) = (words.next(), words.next());
            let fits = move |id: &Id<'_>| name == Some(id.0) && version.is_none_or(|it| it == id.1);
            packages
                .keys()
                .copied()
                .find(fits)
                .unwrap_or_else(|| panic!("{wanted} is locked"))
        };
        let mut waiting = vec![named(name)];
        let mut parts = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if parts.insert(id) {
                waiting.extend(packages[&id].iter().map(|wanted| named(wanted)));
            }
        }
        parts
    }

    fn hypers<'a>(&self, parts: &BTreeSet<Id<'a>>, which: impl Fn(&[u64]) -> bool) -> Vec<&'a str> {
        let hypers = parts.iter().filter(|(name, _)| *name == "hyper");
        hypers
            .map(|(_, version)| *version)
            .filter(|version| which(&numbers(version)))
            .collect()
    }
}

fn str_of(value: &toml::Value) -> &str {
    value.as_str().unwrap()
}

/// `1.12.0` as numbers, for comparing.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap();
    release
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect()
}
