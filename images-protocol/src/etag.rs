//! Entity tags, and the lists of them in `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).

use std::fmt;

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};

/// An entity tag: an opaque text without its quotes, and whether the tag is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// A weak tag stands for equivalent representations, a strong one for the same bytes.
    pub is_weak: bool,
    /// The text between the quotes.
    pub opaque: &'a str,
}

/// One element of a list of entity tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedTag<'a> {
    /// `*`: the tag of any representation.
    Any,
    /// One tag.
    Tag(EntityTag<'a>),
}

/// The text is not an entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTagError;

impl<'a> EntityTag<'a> {
    /// Parses the value of `ETag`, or of `If-Range` where that is a tag.
    ///
    /// # Errors
    /// Fails when the text is not exactly one tag in quotes.
    pub fn parse(text: &'a str) -> Result<Self, EntityTagError> {
        match split_tag(text.trim_matches(OWS)) {
            Some((tag, "")) => Ok(tag),
            Some(_) | None => Err(EntityTagError),
        }
    }

    /// Compares two tags by the strong comparison: they are equal, and neither is weak.
    #[must_use]
    pub fn strong_eq(&self, other: &EntityTag<'_>) -> bool {
        !self.is_weak && !other.is_weak && self.opaque == other.opaque
    }

    /// Compares two tags by the weak comparison: their texts are equal.
    #[must_use]
    pub fn weak_eq(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.is_weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", self.opaque)
    }
}

impl ListedTag<'_> {
    fn is_any_or(&self, matches: impl FnOnce(&EntityTag<'_>) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tag(tag) => matches(tag),
        }
    }
}

/// Returns whether `If-Match` lists this tag by the strong comparison; `None` without the header.
#[must_use]
pub fn if_match(headers: &HeaderMap, current: &EntityTag<'_>) -> Option<bool> {
    lists(headers, &IF_MATCH, |tag| tag.strong_eq(current))
}

/// Returns whether `If-None-Match` lists this tag by the weak comparison; `None` without the header.
#[must_use]
pub fn if_none_match(headers: &HeaderMap, current: &EntityTag<'_>) -> Option<bool> {
    lists(headers, &IF_NONE_MATCH, |tag| tag.weak_eq(current))
}

fn lists(
    headers: &HeaderMap,
    name: &HeaderName,
    matches: impl Fn(&EntityTag<'_>) -> bool,
) -> Option<bool> {
    headers.contains_key(name).then(|| {
        let mut tags = listed_tags(headers, name).flatten();
        tags.any(|tag| tag.is_any_or(&matches))
    })
}

/// Reads the elements of all headers of this name, in their order. A header that is not ASCII is one error.
pub fn listed_tags<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Result<ListedTag<'a>, EntityTagError>> {
    let values = headers.get_all(name).into_iter();
    values.flat_map(|value| {
        let (text, error) = match value.to_str() {
            Ok(text) => (text, None),
            Err(_) => ("", Some(Err(EntityTagError))),
        };
        TagList::new(text).chain(error)
    })
}

/// The elements of one list. A comma inside quotes is part of a tag.
///
/// Empty elements are skipped, as RFC 9110, section 5.6.1.2, asks. An element that is not a tag is an error, and the list
/// goes on behind the next comma.
#[derive(Clone, Debug)]
pub struct TagList<'a> {
    rest: &'a str,
}

/// Optional whitespace (RFC 9110, section 5.6.3).
const OWS: [char; 2] = [' ', '\t'];

impl<'a> TagList<'a> {
    /// Reads the value of one header.
    #[must_use]
    pub fn new(list: &'a str) -> Self {
        Self { rest: list }
    }
}

impl<'a> Iterator for TagList<'a> {
    type Item = Result<ListedTag<'a>, EntityTagError>;

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.rest.trim_start_matches([' ', '\t', ',']);
        if list.is_empty() {
            self.rest = list;
            return None;
        }
        let first = match list.strip_prefix('*') {
            Some(rest) => Some((ListedTag::Any, rest)),
            None => split_tag(list).map(|(tag, rest)| (ListedTag::Tag(tag), rest)),
        };
        if let Some((tag, rest)) = first {
            let rest = rest.trim_start_matches(OWS);
            if rest.is_empty() || rest.starts_with(',') {
                self.rest = rest;
                return Some(Ok(tag));
            }
        }
        self.rest = list.split_once(',').map_or("", |(_, rest)| rest);
        Some(Err(EntityTagError))
    }
}

/// Splits the tag at the start of a text from the rest.
fn split_tag(text: &str) -> Option<(EntityTag<'_>, &str)> {
    let (is_weak, quoted) = match text.strip_prefix("W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let (opaque, rest) = quoted.strip_prefix('"')?.split_once('"')?;
    Some((EntityTag { is_weak, opaque }, rest))
}

impl fmt::Display for EntityTagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an entity tag in quotes")
    }
}

impl std::error::Error for EntityTagError {}

#[cfg(test)]
mod tests;
