//! Finds the config's file and reads it, within a bound.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors, Located, Place};

/// A config has a few kilobytes; this is what a mistaken path may cost.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// In wrangler's own order.
const NAMES: [(&str, Syntax); 3] = [
    ("wrangler.json", Syntax::Json),
    ("wrangler.jsonc", Syntax::Json),
    ("wrangler.toml", Syntax::Toml),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Toml,
}

/// One config file's text.
pub(super) struct Source {
    /// As messages show it.
    pub(super) path: PathBuf,
    /// Absolute.
    pub(super) dir: PathBuf,
    pub(super) syntax: Syntax,
    pub(super) text: String,
}

impl Source {
    pub(super) fn read(dir: &Path, file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let (path, syntax) = match file {
            Some(file) => (file.to_path_buf(), syntax_of(file)?),
            None => find(dir)?,
        };
        let text = read_text(&path).map_err(|what| whole(&path, what))?;
        let dir = absolute_parent(&path)
            .map_err(|error| whole(&path, ConfigError::Unreadable(error.to_string())))?;
        Ok(Self {
            path,
            dir,
            syntax,
            text,
        })
    }

    /// A path in the config starts at the config's folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        let joined = self.dir.join(path);
        // Only the `.` in the middle go; that cannot fail for a path that is absolute already.
        std::path::absolute(&joined).unwrap_or(joined)
    }

    /// A finding at a byte of the text.
    pub(super) fn located<T>(&self, at: usize, key: &str, what: T) -> Located<T> {
        Located {
            file: self.path.clone(),
            place: Some(self.place(at)),
            key: key.to_owned(),
            what,
        }
    }

    /// A finding about the file as a whole.
    pub(super) fn unplaced<T>(&self, key: &str, what: T) -> Located<T> {
        Located {
            file: self.path.clone(),
            place: None,
            key: key.to_owned(),
            what,
        }
    }

    fn place(&self, at: usize) -> Place {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        Place {
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
        }
    }
}

fn find(dir: &Path) -> Result<(PathBuf, Syntax), ConfigErrors> {
    // `./wrangler.toml` would only be a longer way to say `wrangler.toml`.
    let base = dir.strip_prefix(".").unwrap_or(dir);
    NAMES
        .iter()
        .map(|(name, syntax)| (base.join(name), *syntax))
        .find(|(path, _)| path.exists())
        .ok_or_else(|| whole(dir, ConfigError::NoFile))
}

fn syntax_of(file: &Path) -> Result<Syntax, ConfigErrors> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "jsonc") => Ok(Syntax::Json),
        Some("toml") => Ok(Syntax::Toml),
        _ => Err(whole(file, ConfigError::UnknownSyntax)),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |error: io::Error| ConfigError::Unreadable(error.to_string());
    // Opening a pipe would wait for its writer, so its kind is asked first.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(ConfigError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
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

fn whole(path: &Path, what: ConfigError) -> ConfigErrors {
    ConfigErrors::from(Located {
        file: path.to_path_buf(),
        place: None,
        key: String::new(),
        what,
    })
}
