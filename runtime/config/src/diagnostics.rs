//! The errors and warnings of a config, collected while it is read.

use super::error::{ConfigError, ConfigErrors, Located, Notice};
use super::limits::MAX_DIAGNOSTICS;
use super::source::Source;
use super::suggestion::suggest;

/// The errors and warnings so far. Reading goes on after an error.
pub(super) struct Diagnostics<'a> {
    pub(super) source: &'a Source,
    errors: Vec<Located<ConfigError>>,
    left_out: usize,
    warnings: Vec<Located<Notice>>,
}

impl<'a> Diagnostics<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            errors: Vec::new(),
            left_out: 0,
            warnings: Vec::new(),
        }
    }

    /// Reports an error at an offset of the text.
    pub(super) fn error(&mut self, at: usize, key: &str, what: ConfigError) {
        self.push_error(self.source.located(at, key, what));
    }

    /// Reports an error of a key that is not in the file. Such an error explains others, so it is never only counted: at the
    /// limit it takes the place of the last error.
    pub(super) fn error_without_position(&mut self, key: &str, what: ConfigError) {
        if self.errors.len() == MAX_DIAGNOSTICS {
            self.errors.pop();
            self.left_out += 1;
        }
        self.push_error(self.source.without_position(key, what));
    }

    /// Reports a key that is not one of `known`.
    pub(super) fn unknown_key(&mut self, at: usize, path: &str, key: &str, known: &[&'static str]) {
        // The comparison is expensive, so an error that is only counted gets no suggestion.
        let like = if self.errors.len() < MAX_DIAGNOSTICS {
            suggest(key, known)
        } else {
            None
        };
        self.error(at, path, ConfigError::UnknownKey { like });
    }

    /// Reports a warning at an offset of the text.
    pub(super) fn warn(&mut self, at: usize, key: &str, what: Notice) {
        self.push_warning(self.source.located(at, key, what));
    }

    /// Adds an error, also one of another file.
    pub(super) fn push_error(&mut self, error: Located<ConfigError>) {
        if self.errors.len() < MAX_DIAGNOSTICS {
            self.errors.push(error);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds a warning, also one about another file.
    pub(super) fn push_warning(&mut self, notice: Located<Notice>) {
        if self.warnings.len() < MAX_DIAGNOSTICS {
            self.warnings.push(notice);
        }
    }

    /// Returns the warnings, or the errors in the order of the file.
    pub(super) fn finish(mut self) -> Result<Vec<Located<Notice>>, ConfigErrors> {
        if self.errors.is_empty() {
            return Ok(self.warnings);
        }
        self.errors.sort_by_key(|error| error.position);
        Err(ConfigErrors::new(self.errors, self.left_out))
    }
}
