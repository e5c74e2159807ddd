//! One value of the tree with its key, and its conversion to a checked type.

use std::ops::RangeInclusive;

use super::diagnostics::Diagnostics;
use super::error::ConfigError;
use super::key_name::display_key;
use super::tree::{Entry, Node, Value};

/// A value with its key: `key` is the last part of the dotted `path`.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) path: String,
    pub(super) key: &'a str,
    /// The offset of the key.
    pub(super) at: usize,
    pub(super) node: &'a Node,
}

impl<'a> Item<'a> {
    pub(super) fn top(entry: &'a Entry) -> Self {
        Self {
            path: display_key(&entry.key),
            key: &entry.key,
            at: entry.at,
            node: &entry.node,
        }
    }

    pub(super) fn child(&self, entry: &'a Entry) -> Self {
        Self {
            path: format!("{}.{}", self.path, display_key(&entry.key)),
            key: &entry.key,
            at: entry.at,
            node: &entry.node,
        }
    }

    /// Reports an error at the value.
    pub(super) fn refuse(&self, diagnostics: &mut Diagnostics<'_>, what: ConfigError) {
        diagnostics.error(self.node.at, &self.path, what);
    }

    pub(super) fn table(&self, diagnostics: &mut Diagnostics<'_>) -> Option<Vec<Item<'a>>> {
        match &self.node.value {
            Value::Table(entries) => Some(entries.iter().map(|entry| self.child(entry)).collect()),
            _ => self.wrong_type(diagnostics, "a table"),
        }
    }

    /// The fields of a table whose keys are listed in `known`. The others are reported and left out.
    pub(super) fn fields(
        &self,
        diagnostics: &mut Diagnostics<'_>,
        known: &[&'static str],
    ) -> Option<Vec<Item<'a>>> {
        let mut fields = self.table(diagnostics)?;
        fields.retain(|field| {
            let is_known = known.contains(&field.key);
            if !is_known {
                diagnostics.unknown_key(field.at, &field.path, field.key, known);
            }
            is_known
        });
        Some(fields)
    }

    pub(super) fn text(&self, diagnostics: &mut Diagnostics<'_>) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => self.wrong_type(diagnostics, "a string"),
        }
    }

    /// Text that is more than white space.
    pub(super) fn non_empty_text(&self, diagnostics: &mut Diagnostics<'_>) -> Option<&'a str> {
        let text = self.text(diagnostics)?;
        if text.trim().is_empty() {
            self.refuse(diagnostics, ConfigError::Empty);
            return None;
        }
        Some(text)
    }

    pub(super) fn texts(&self, diagnostics: &mut Diagnostics<'_>) -> Option<Vec<&'a str>> {
        let Value::List(items) = &self.node.value else {
            return self.wrong_type(diagnostics, "a list of strings");
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, node) in items.iter().enumerate() {
            let element = Item {
                path: format!("{}[{index}]", self.path),
                node,
                ..self.clone()
            };
            texts.extend(element.text(diagnostics));
        }
        Some(texts)
    }

    /// The elements of a list, each with its index in its path. `items` names them in the error for more than `max`.
    pub(super) fn elements(
        &self,
        diagnostics: &mut Diagnostics<'_>,
        max: usize,
        items: &'static str,
    ) -> Vec<Item<'a>> {
        let Value::List(nodes) = &self.node.value else {
            return self
                .wrong_type(diagnostics, "a list of tables")
                .unwrap_or_default();
        };
        if nodes.len() > max {
            self.refuse(diagnostics, ConfigError::TooMany { max, items });
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

    pub(super) fn boolean(&self, diagnostics: &mut Diagnostics<'_>) -> Option<bool> {
        match self.node.value {
            Value::Bool(value) => Some(value),
            _ => self.wrong_type(diagnostics, "a boolean"),
        }
    }

    pub(super) fn whole_number(
        &self,
        diagnostics: &mut Diagnostics<'_>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let Value::Number(text) = &self.node.value else {
            return self.wrong_type(diagnostics, "a number");
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (min, max) = range.into_inner();
                self.refuse(diagnostics, ConfigError::NotBetween { min, max });
                None
            }
        }
    }

    pub(super) fn wrong_type<T>(
        &self,
        diagnostics: &mut Diagnostics<'_>,
        expected: &'static str,
    ) -> Option<T> {
        let actual = self.node.value.type_name();
        self.refuse(diagnostics, ConfigError::WrongType { expected, actual });
        None
    }
}
