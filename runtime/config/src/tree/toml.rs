//! TOML, with its dates taken as text.

use ::toml::Spanned;
use ::toml::de::{DeInteger, DeTable, DeValue};

use super::{ConfigError, ConfigErrors, Entry, Node, Source, Value, number};
use crate::limits::MAX_DEPTH;

pub(super) fn parse(source: &Source) -> Result<Node, ConfigErrors> {
    let table = DeTable::parse(&source.text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        source.located(at, "", ConfigError::Syntax(error.message().to_owned()))
    })?;
    let at = table.span().start;
    let value = Value::Table(entries(source, table.into_inner(), 0)?);
    Ok(Node { at, value })
}

fn entries(source: &Source, table: DeTable<'_>, depth: usize) -> Result<Vec<Entry>, ConfigErrors> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let at = key.span().start;
        let node = node(source, value, depth + 1)?;
        entries.push(Entry {
            key: key.into_inner().into_owned(),
            at,
            node,
        });
    }
    // The parser sorts entries by name. This restores the order of the file.
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

fn node(source: &Source, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, ConfigErrors> {
    let at = value.span().start;
    let refuse = |what| source.located(at, "", what);
    if depth > MAX_DEPTH {
        return Err(refuse(ConfigError::TooDeep).into());
    }
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Integer(integer) => Value::Number(decimal(&integer).map_err(refuse)?),
        DeValue::Float(float) => Value::Number(number(float.as_str()).map_err(refuse)?),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(array) => Value::List(
            array
                .into_iter()
                .map(|element| node(source, element, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => Value::Table(entries(source, table, depth)?),
    };
    Ok(Node { at, value })
}

fn decimal(integer: &DeInteger<'_>) -> Result<String, ConfigError> {
    i128::from_str_radix(integer.as_str(), integer.radix())
        .map(|integer| integer.to_string())
        .map_err(|_| ConfigError::NumberRange)
}
