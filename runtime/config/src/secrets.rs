//! Secrets that stand beside the config, in the files from which wrangler takes them for a local run.

mod dotenv;

use std::fmt;
use std::path::Path;

use super::error::{ConfigError, GrantError, Located, Notice, Place};
use super::file;
use super::item::{Diagnostics, shown};
use super::sections::images::is_reserved;

pub use self::dotenv::DotenvError;

/// A value that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the worker and for nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A secret and the file that it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    pub name: String,
    pub value: Secret,
    /// The file's name, such as `.dev.vars`.
    pub file: String,
}

/// Reads the secrets for an environment, sorted by name.
pub(super) fn read(environment: Option<&str>, found: &mut Diagnostics<'_>) -> Vec<NamedSecret> {
    let mut secrets: Vec<NamedSecret> = Vec::new();
    for name in files(&found.source.dir, environment) {
        for secret in read_file(&name, found) {
            // The later one wins, within a file and among files.
            secrets.retain(|earlier| earlier.name != secret.name);
            secrets.push(secret);
        }
    }
    secrets.sort_by(|one, other| one.name.cmp(&other.name));
    secrets
}

/// The files that count, in the order in which they are read.
fn files(dir: &Path, environment: Option<&str>) -> Vec<String> {
    let is_there = |name: &String| dir.join(name).exists();
    // A name with a slash would lead out of the folder.
    let environment = environment.filter(|name| !name.contains('/'));
    let own = environment.map(|name| format!(".dev.vars.{name}"));
    let dev_vars = own.into_iter().chain([".dev.vars".to_owned()]);
    if let Some(first) = dev_vars.into_iter().find(is_there) {
        return vec![first];
    }
    let mut names = vec![".env".to_owned(), ".env.local".to_owned()];
    if let Some(environment) = environment {
        names.push(format!(".env.{environment}"));
        names.push(format!(".env.{environment}.local"));
    }
    names.retain(is_there);
    names
}

fn read_file(name: &str, found: &mut Diagnostics<'_>) -> Vec<NamedSecret> {
    // Beside the config, and shown as the config is.
    let path = found.source.path.with_file_name(name);
    let located = |line: Option<usize>, key: &str, what| Located {
        file: path.clone(),
        place: line.map(|line| Place { line, column: 1 }),
        key: key.to_owned(),
        what,
    };
    let text = match file::read_text(&found.source.dir.join(name)) {
        Ok(text) => text,
        Err(what) => {
            found.mistake_elsewhere(located(None, "", what));
            return Vec::new();
        }
    };
    let mut secrets = Vec::new();
    for entry in dotenv::entries(&text) {
        let entry = match entry {
            Ok(entry) => entry,
            Err((line, error)) => {
                found.mistake_elsewhere(located(
                    Some(line),
                    "",
                    ConfigError::Grant(GrantError::Dotenv(error)),
                ));
                continue;
            }
        };
        let key = shown(entry.name);
        if is_reserved(entry.name) {
            found.mistake_elsewhere(located(Some(entry.line), &key, ConfigError::Reserved));
            continue;
        }
        if name.starts_with(".env") && entry.has_reference {
            let what = Notice::NotExpanded;
            found.warn_elsewhere(located_notice(&path, entry.line, &key, what));
        }
        secrets.push(NamedSecret {
            name: entry.name.to_owned(),
            value: Secret(entry.value),
            file: name.to_owned(),
        });
    }
    secrets
}

fn located_notice(path: &Path, line: usize, key: &str, what: Notice) -> Located<Notice> {
    Located {
        file: path.to_owned(),
        place: Some(Place { line, column: 1 }),
        key: key.to_owned(),
        what,
    }
}
