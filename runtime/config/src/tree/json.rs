//! JSON with comments and trailing commas, and none of the parser's other liberties.

use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{ConfigError, ConfigErrors, Entry, Node, Source, Value, number};
use crate::error::Located;
use crate::key_name::display_key;
use crate::limits::{MAX_DEPTH, MAX_DIAGNOSTICS};

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(source: &Source) -> Result<Node, ConfigErrors> {
    let parsed =
        parse_to_ast(&source.text, &CollectOptions::default(), &OPTIONS).map_err(|error| {
            let why = ConfigError::Syntax(sentence_to_fragment(&error.kind().to_string()));
            source.located(error.range().start, "", why)
        })?;
    let Some(root) = parsed.value else {
        return Err(source.located(0, "", ConfigError::NotATable).into());
    };
    let mut reader = Reader {
        source,
        duplicates: Vec::new(),
        left_out: 0,
    };
    let node = reader.node(root, 0)?;
    if reader.duplicates.is_empty() {
        Ok(node)
    } else {
        Err(ConfigErrors::new(reader.duplicates, reader.left_out))
    }
}

struct Reader<'a> {
    source: &'a Source,
    duplicates: Vec<Located<ConfigError>>,
    left_out: usize,
}

impl Reader<'_> {
    fn node(&mut self, value: ast::Value<'_>, depth: usize) -> Result<Node, ConfigErrors> {
        let at = value.range().start;
        if depth > MAX_DEPTH {
            return Err(self.source.located(at, "", ConfigError::TooDeep).into());
        }
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::StringLit(literal) => Value::Text(literal.value.into_owned()),
            ast::Value::NumberLit(literal) => Value::Number(
                number(literal.value).map_err(|what| self.source.located(at, "", what))?,
            ),
            ast::Value::Array(array) => Value::List(
                array
                    .elements
                    .into_iter()
                    .map(|element| self.node(element, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            ast::Value::Object(object) => Value::Table(self.entries(object, depth)?),
        };
        Ok(Node { at, value })
    }

    fn entries(
        &mut self,
        object: ast::Object<'_>,
        depth: usize,
    ) -> Result<Vec<Entry>, ConfigErrors> {
        let mut seen = HashSet::new();
        let mut entries = Vec::with_capacity(object.properties.len());
        for property in object.properties {
            let at = property.range.start;
            let key = property.name.into_string();
            // JSON parsers keep one of two equal keys silently. Only the author knows which one is meant.
            if !seen.insert(key.clone()) {
                self.refuse_duplicate(at, &key);
            }
            let node = self.node(property.value, depth + 1)?;
            entries.push(Entry { key, at, node });
        }
        Ok(entries)
    }

    fn refuse_duplicate(&mut self, at: usize, key: &str) {
        if self.duplicates.len() < MAX_DIAGNOSTICS {
            let error = self
                .source
                .located(at, &display_key(key), ConfigError::DuplicateKey);
            self.duplicates.push(error);
        } else {
            self.left_out += 1;
        }
    }
}

/// The parser writes "Expected comma"; ours are lowercase fragments.
fn sentence_to_fragment(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
