//! The secrets in the files beside the config from which wrangler reads them for a local run.

use std::fmt;
use std::path::Path;

use super::diagnostics::Diagnostics;
use super::dotenv;
use super::error::{ConfigError, Located, Notice, Position};
use super::key_name::display_key;
use super::sections::binding_name::is_reserved;
use super::source;

/// A value that no output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the value. Only the worker may see it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A secret with its name and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    pub name: String,
    pub value: Secret,
    /// The file's name, such as `.dev.vars`.
    pub file: String,
}

/// Reads the secrets for an environment, sorted by name.
pub(super) fn read(
    environment: Option<&str>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<NamedSecret> {
    let mut secrets: Vec<NamedSecret> = Vec::new();
    for name in files(&diagnostics.source.dir, environment) {
        for secret in read_file(&name, diagnostics) {
            // A later secret replaces an earlier one, within a file and among files.
            secrets.retain(|earlier| earlier.name != secret.name);
            secrets.push(secret);
        }
    }
    secrets.sort_by(|one, other| one.name.cmp(&other.name));
    secrets
}

/// The files that are read, in their order.
fn files(dir: &Path, environment: Option<&str>) -> Vec<String> {
    let is_there = |name: &String| dir.join(name).exists();
    // A name with a slash would leave the folder.
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

fn read_file(name: &str, diagnostics: &mut Diagnostics<'_>) -> Vec<NamedSecret> {
    // The path is formed from the config's path as messages show it.
    let path = diagnostics.source.path.with_file_name(name);
    let located = |line: Option<usize>, key: &str, error| Located {
        file: path.clone(),
        position: line.map(|line| Position { line, column: 1 }),
        key: key.to_owned(),
        message: error,
    };
    let text = match source::read_text(&diagnostics.source.dir.join(name)) {
        Ok(text) => text,
        Err(error) => {
            diagnostics.push_error(located(None, "", error));
            return Vec::new();
        }
    };
    let mut secrets = Vec::new();
    for entry in dotenv::entries(&text) {
        let entry = match entry {
            Ok(entry) => entry,
            Err((line, error)) => {
                diagnostics.push_error(located(Some(line), "", ConfigError::Dotenv(error)));
                continue;
            }
        };
        let key = display_key(entry.name);
        if is_reserved(entry.name) {
            diagnostics.push_error(located(Some(entry.line), &key, ConfigError::Reserved));
            continue;
        }
        if name.starts_with(".env") && entry.has_reference {
            let notice = Notice::NotExpanded;
            diagnostics.push_warning(located_notice(&path, entry.line, &key, notice));
        }
        secrets.push(NamedSecret {
            name: entry.name.to_owned(),
            value: Secret(entry.value),
            file: name.to_owned(),
        });
    }
    secrets
}

fn located_notice(path: &Path, line: usize, key: &str, notice: Notice) -> Located<Notice> {
    Located {
        file: path.to_owned(),
        position: Some(Position { line, column: 1 }),
        key: key.to_owned(),
        message: notice,
    }
}
