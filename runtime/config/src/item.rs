//! One value on its way from the tree to a checked type, and the findings made on that way.

use std::ops::RangeInclusive;

use super::error::{ConfigError, ConfigErrors, Located, Notice};
use super::file::Source;
use super::keys;
use super::tree::{Entry, Node, Value};

/// As many findings as anyone reads at once; further mistakes are only counted.
pub(super) const MOST: usize = 100;

/// What was found so far. Nothing stops at a mistake.
pub(super) struct Diagnostics<'a> {
    pub(super) source: &'a Source,
    mistakes: Vec<Located<ConfigError>>,
    left_out: usize,
    warnings: Vec<Located<Notice>>,
}

impl<'a> Diagnostics<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            mistakes: Vec::new(),
            left_out: 0,
            warnings: Vec::new(),
        }
    }

    pub(super) fn mistake(&mut self, at: usize, key: &str, what: ConfigError) {
        if self.mistakes.len() < MOST {
            self.mistakes.push(self.source.located(at, key, what));
        } else {
            self.left_out += 1;
        }
    }

    /// A key that should stand in the file and does not: there is no place to point at.
    pub(super) fn absent(&mut self, key: &str, what: ConfigError) {
        self.mistakes.push(self.source.unplaced(key, what));
    }

    pub(super) fn unknown_key(&mut self, at: usize, path: &str, key: &str, known: &[&'static str]) {
        // Comparing is the costly part, so it is not done for what will not be shown.
        let like = if self.mistakes.len() < MOST {
            keys::closest(key, known)
        } else {
            None
        };
        self.mistake(at, path, ConfigError::UnknownKey { like });
    }

    pub(super) fn warn(&mut self, at: usize, key: &str, what: Notice) {
        if self.warnings.len() < MOST {
            self.warnings.push(self.source.located(at, key, what));
        }
    }

    /// In a file that stands beside the config.
    pub(super) fn mistake_elsewhere(&mut self, mistake: Located<ConfigError>) {
        if self.mistakes.len() < MOST {
            self.mistakes.push(mistake);
        } else {
            self.left_out += 1;
        }
    }

    /// About a file that stands beside the config.
    pub(super) fn warn_elsewhere(&mut self, notice: Located<Notice>) {
        if self.warnings.len() < MOST {
            self.warnings.push(notice);
        }
    }

    pub(super) fn finish(mut self) -> Result<Vec<Located<Notice>>, ConfigErrors> {
        if self.mistakes.is_empty() {
            return Ok(self.warnings);
        }
        self.mistakes
            .sort_by_key(|mistake| mistake.place.map(|place| (place.line, place.column)));
        Err(ConfigErrors::new(self.mistakes, self.left_out))
    }
}

/// A value with its key: `key` is the last part of the dotted `path`.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) path: String,
    pub(super) key: &'a str,
    /// Where the key stands.
    pub(super) at: usize,
    pub(super) node: &'a Node,
}

impl<'a> Item<'a> {
    pub(super) fn top(entry: &'a Entry) -> Self {
        Self {
            path: shown(&entry.key),
            key: &entry.key,
            at: entry.at,
            node: &entry.node,
        }
    }

    pub(super) fn child(&self, entry: &'a Entry) -> Self {
        Self {
            path: format!("{}.{}", self.path, shown(&entry.key)),
            key: &entry.key,
            at: entry.at,
            node: &entry.node,
        }
    }

    /// A mistake in the value.
    pub(super) fn refuse(&self, found: &mut Diagnostics<'_>, what: ConfigError) {
        found.mistake(self.node.at, &self.path, what);
    }

    pub(super) fn table(&self, found: &mut Diagnostics<'_>) -> Option<Vec<Item<'a>>> {
        match &self.node.value {
            Value::Table(entries) => Some(entries.iter().map(|entry| self.child(entry)).collect()),
            _ => self.wrong_type(found, "a table"),
        }
    }

    /// A table whose keys are all listed in `known`; the others are reported and left out.
    pub(super) fn fields(
        &self,
        found: &mut Diagnostics<'_>,
        known: &[&'static str],
    ) -> Option<Vec<Item<'a>>> {
        let mut fields = self.table(found)?;
        fields.retain(|field| {
            let is_known = known.contains(&field.key);
            if !is_known {
                found.unknown_key(field.at, &field.path, field.key, known);
            }
            is_known
        });
        Some(fields)
    }

    pub(super) fn text(&self, found: &mut Diagnostics<'_>) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => self.wrong_type(found, "a string"),
        }
    }

    /// Text that says something.
    pub(super) fn filled_text(&self, found: &mut Diagnostics<'_>) -> Option<&'a str> {
        let text = self.text(found)?;
        if text.trim().is_empty() {
            self.refuse(found, ConfigError::Empty);
            return None;
        }
        Some(text)
    }

    pub(super) fn texts(&self, found: &mut Diagnostics<'_>) -> Option<Vec<&'a str>> {
        let Value::List(items) = &self.node.value else {
            return self.wrong_type(found, "a list of strings");
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, node) in items.iter().enumerate() {
            let element = Item {
                path: format!("{}[{index}]", self.path),
                node,
                ..self.clone()
            };
            texts.extend(element.text(found));
        }
        Some(texts)
    }

    /// The elements of a list that should be tables, each under the list's name and its place: at most `most` of what
    /// `of` calls them.
    pub(super) fn elements(
        &self,
        found: &mut Diagnostics<'_>,
        most: usize,
        of: &'static str,
    ) -> Vec<Item<'a>> {
        let Value::List(nodes) = &self.node.value else {
            return self
                .wrong_type(found, "a list of tables")
                .unwrap_or_default();
        };
        if nodes.len() > most {
            self.refuse(found, ConfigError::TooMany { most, of });
            return Vec::new();
        }
        let element = |(index, node): (usize, &'a Node)| Item {
            path: format!("{}[{index}]", self.path),
            at: node.at,
            node,
            key: self.key,
        };
        nodes.iter().enumerate().map(element).collect()
    }

    pub(super) fn boolean(&self, found: &mut Diagnostics<'_>) -> Option<bool> {
        match self.node.value {
            Value::Bool(value) => Some(value),
            _ => self.wrong_type(found, "a boolean"),
        }
    }

    pub(super) fn whole_number(
        &self,
        found: &mut Diagnostics<'_>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let Value::Number(text) = &self.node.value else {
            return self.wrong_type(found, "a number");
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (min, max) = range.into_inner();
                self.refuse(found, ConfigError::NotBetween { min, max });
                None
            }
        }
    }

    pub(super) fn wrong_type<T>(
        &self,
        found: &mut Diagnostics<'_>,
        wanted: &'static str,
    ) -> Option<T> {
        let is = self.node.value.kind();
        self.refuse(found, ConfigError::WrongType { wanted, found: is });
        None
    }
}

/// A key as messages show it: quoted when it is not a plain word, and never long.
pub(super) fn shown(key: &str) -> String {
    const LONGEST: usize = 64;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    if key.len() <= LONGEST && !key.is_empty() && key.chars().all(is_plain) {
        return key.to_owned();
    }
    let start: String = key.chars().take(LONGEST).collect();
    let rest = if start.len() < key.len() { "…" } else { "" };
    // Escaped, so that a key cannot steer the terminal it is shown on.
    format!("\"{}{rest}\"", start.escape_debug())
}
