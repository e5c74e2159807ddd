//! Preconditions and ranges of a request (RFC 9110, sections 13 and 14), evaluated against a file or an object.

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use http::header::{HeaderMap, IF_MODIFIED_SINCE, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderName, Method};
use safelight_protocol::etag::{EntityTag, if_match, if_none_match};

use crate::header::representable;

/// The selected representation of the file or object.
pub struct Representation<'a> {
    pub etag: EntityTag<'a>,
    pub modified: SystemTime,
    pub length: u64,
}

/// The part of a representation that the response has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeOutcome {
    /// None: the client has the representation.
    NotModified,
    Whole,
    /// `length` bytes from offset `start`.
    Part {
        start: u64,
        length: u64,
    },
    /// The range lies outside the representation.
    Unsatisfiable,
}

impl Representation<'_> {
    /// Evaluates `If-None-Match`, `If-Modified-Since`, `If-Range` and `Range`.
    pub fn range(&self, method: &Method, headers: &HeaderMap) -> RangeOutcome {
        if self.is_known(headers) {
            return RangeOutcome::NotModified;
        }
        // RFC 9110 defines ranges for GET alone.
        if method != Method::GET || !self.range_applies(headers) {
            return RangeOutcome::Whole;
        }
        match text(headers, &RANGE) {
            Some(range) => self.byte_range(range),
            None => RangeOutcome::Whole,
        }
    }

    /// Evaluates `If-Match`, or without it `If-Unmodified-Since`.
    pub fn precondition_fails(&self, headers: &HeaderMap) -> bool {
        if let Some(matches) = if_match(headers, &self.etag) {
            return !matches;
        }
        let since = text(headers, &IF_UNMODIFIED_SINCE).and_then(|date| date.parse().ok());
        since.is_some_and(|since: httpdate::HttpDate| {
            representable(self.modified) > SystemTime::from(since)
        })
    }

    /// Evaluates `If-None-Match`, or without it `If-Modified-Since`.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        if let Some(matches) = if_none_match(headers, &self.etag) {
            return matches;
        }
        let since = text(headers, &IF_MODIFIED_SINCE).and_then(|date| date.parse().ok());
        since.is_some_and(|since: httpdate::HttpDate| {
            representable(self.modified) <= SystemTime::from(since)
        })
    }

    /// Evaluates `If-Range`: a tag by the strong comparison, or a date that is equal.
    fn range_applies(&self, headers: &HeaderMap) -> bool {
        if !headers.contains_key(IF_RANGE) {
            return true;
        }
        text(headers, &IF_RANGE).is_some_and(|validator| {
            if let Ok(tag) = EntityTag::parse(validator) {
                return tag.strong_eq(&self.etag);
            }
            let date = validator.parse::<httpdate::HttpDate>();
            date.is_ok_and(|date| SystemTime::from(date) == representable(self.modified))
        })
    }

    /// Parses one range of bytes. Several ranges, and a malformed one, are ignored.
    fn byte_range(&self, range: &str) -> RangeOutcome {
        let Some((unit, range)) = range.split_once('=') else {
            return RangeOutcome::Whole;
        };
        let Some((first, last)) = range.trim().split_once('-') else {
            return RangeOutcome::Whole;
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !unit.trim().eq_ignore_ascii_case("bytes") || !is_number(first) || !is_number(last) {
            return RangeOutcome::Whole;
        }
        // A number that does not fit into 64 bits is beyond every end.
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let (start, end) = match (first, last) {
            ("", "") => return RangeOutcome::Whole,
            ("", suffix) => (self.length.saturating_sub(number(suffix)), self.length),
            (first, "") => (number(first), self.length),
            (first, last) if number(last) < number(first) => return RangeOutcome::Whole,
            (first, last) => (
                number(first),
                number(last).saturating_add(1).min(self.length),
            ),
        };
        match start < end {
            true => RangeOutcome::Part {
                start,
                length: end - start,
            },
            false => RangeOutcome::Unsatisfiable,
        }
    }
}

/// The value of a header that a request has exactly once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
