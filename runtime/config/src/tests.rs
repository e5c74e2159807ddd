//! Tests: the text of a config, and its values or its messages.

mod accepted;
mod buckets;
mod environments;
mod errors;
mod files;
mod hostile;
mod site;
mod syntax;

use std::path::PathBuf;

use super::check::check;
use super::source::{Source, Syntax};
use super::{Config, ConfigErrors, Loaded, tree};

fn load(file: &str, text: &str, environment: Option<&str>) -> Result<Loaded, ConfigErrors> {
    let source = Source {
        path: PathBuf::from(file),
        dir: PathBuf::from("/project"),
        syntax: if file.ends_with("toml") {
            Syntax::Toml
        } else {
            Syntax::Json
        },
        text: text.to_owned(),
    };
    let root = tree::parse(&source)?;
    check(&source, &root, environment)
}

/// A TOML config that is right and gives no warning.
pub(crate) fn config(text: &str) -> Config {
    let loaded = load("wrangler.toml", text, None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.warnings, []);
    loaded.config
}

/// The errors of a TOML config, line by line.
pub(crate) fn errors(text: &str) -> String {
    match load("wrangler.toml", text, None) {
        Ok(loaded) => panic!("accepted as {loaded:?}"),
        Err(errors) => errors.to_string(),
    }
}

fn warnings(text: &str) -> Vec<String> {
    let loaded = load("wrangler.toml", text, None).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.warnings.iter().map(ToString::to_string).collect()
}
