//! A config as values with their offsets, for either syntax.

mod json;
mod toml;

use super::error::{ConfigError, ConfigErrors};
use super::source::{Source, Syntax};

/// A value and the byte it starts at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// The decimal text of a number, as JSON would write it.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// Keys and values in the order of the file, each key once.
    Table(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The offset of the key.
    pub(super) at: usize,
    pub(super) node: Node,
}

pub(super) fn parse(source: &Source) -> Result<Node, ConfigErrors> {
    match source.syntax {
        Syntax::Json => json::parse(source),
        Syntax::Toml => toml::parse(source),
    }
}

impl Value {
    /// The name of the type with its article, as in "must be a string, but is a list".
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Generated configs spell out what a worker does not use: `"unsafe": { "bindings": [] }`.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Table(entries) => entries.iter().all(|entry| entry.node.value.is_empty()),
        }
    }

    /// Compact JSON text.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => text.clone(),
            Self::Text(text) => json_string(text),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.value.to_json()).collect();
                format!("[{}]", items.join(","))
            }
            Self::Table(entries) => {
                let member =
                    |entry: &Entry| json_string(&entry.key) + ":" + &entry.node.value.to_json();
                let members: Vec<_> = entries.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The same text for the same number in either syntax: `1e3`, `1_000` and `1000.0` are 1000.
fn number(float_text: &str) -> Result<String, ConfigError> {
    if let Ok(integer) = float_text.parse::<i128>() {
        return Ok(integer.to_string());
    }
    match float_text.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(float.to_string()),
        _ => Err(ConfigError::NumberRange),
    }
}
