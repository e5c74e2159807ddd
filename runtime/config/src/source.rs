//! The config's file: its name, its text, and positions in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors, Located, Position};
use super::limits::MAX_FILE_BYTES;

/// The names of config files, in the order in which wrangler looks for them.
const FILE_NAMES: [(&str, Syntax); 3] = [
    ("wrangler.json", Syntax::Json),
    ("wrangler.jsonc", Syntax::Json),
    ("wrangler.toml", Syntax::Toml),
];

/// Returns the paths at which a config in this folder may be.
pub(super) fn paths(dir: &Path) -> impl Iterator<Item = PathBuf> {
    FILE_NAMES.into_iter().map(|(name, _)| dir.join(name))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Toml,
}

/// The text of one config file.
pub(super) struct Source {
    /// The path as messages show it.
    pub(super) path: PathBuf,
    /// The absolute path of the config's folder.
    pub(super) dir: PathBuf,
    pub(super) syntax: Syntax,
    /// The text of the file, without a byte order mark.
    pub(super) text: String,
}

impl Source {
    pub(super) fn read(dir: &Path, file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let (path, syntax) = match file {
            Some(file) => (file.to_path_buf(), syntax_of(file)?),
            None => find(dir)?,
        };
        let text = read_text(&path).map_err(|error| file_error(&path, error))?;
        let dir = absolute_parent(&path)
            .map_err(|error| file_error(&path, ConfigError::Unreadable(error.to_string())))?;
        Ok(Self {
            path,
            dir,
            syntax,
            text,
        })
    }

    /// Resolves a path of the config, which is relative to the config's folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        let joined = self.dir.join(path);
        // This removes `.` from the path; it cannot fail for an absolute one.
        std::path::absolute(&joined).unwrap_or(joined)
    }

    /// Locates a message at an offset of the text.
    pub(super) fn located<T>(&self, at: usize, key: &str, message: T) -> Located<T> {
        Located {
            file: self.path.clone(),
            position: Some(self.position(at)),
            key: key.to_owned(),
            message,
        }
    }

    /// Locates a message about the file as a whole.
    pub(super) fn without_position<T>(&self, key: &str, message: T) -> Located<T> {
        Located {
            file: self.path.clone(),
            position: None,
            key: key.to_owned(),
            message,
        }
    }

    pub(super) fn position(&self, at: usize) -> Position {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        Position {
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
        }
    }
}

fn find(dir: &Path) -> Result<(PathBuf, Syntax), ConfigErrors> {
    // `./wrangler.toml` is shown as `wrangler.toml`.
    let base = dir.strip_prefix(".").unwrap_or(dir);
    FILE_NAMES
        .iter()
        .map(|(name, syntax)| (base.join(name), *syntax))
        .find(|(path, _)| path.exists())
        .ok_or_else(|| file_error(dir, ConfigError::NoFile))
}

fn syntax_of(file: &Path) -> Result<Syntax, ConfigErrors> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "jsonc") => Ok(Syntax::Json),
        Some("toml") => Ok(Syntax::Toml),
        _ => Err(file_error(file, ConfigError::UnknownSyntax)),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |error: io::Error| ConfigError::Unreadable(error.to_string());
    // Opening a pipe would wait for its writer, so the kind of the file is checked first.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(ConfigError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ConfigError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| ConfigError::NotUtf8)?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn absolute_parent(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    path.pop();
    Ok(path)
}

fn file_error(path: &Path, error: ConfigError) -> ConfigErrors {
    ConfigErrors::from(Located {
        file: path.to_path_buf(),
        position: None,
        key: String::new(),
        message: error,
    })
}
