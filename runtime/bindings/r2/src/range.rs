//! The range of an object that a `get` asks for.

use std::ops::Range;

use serde::Deserialize;

use super::error::{Code, R2Error};
use super::integer;

/// A requested range, in one of its two forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum RangeRequest {
    #[default]
    Whole,
    Slice(Slice),
    /// The value of a `Range` header.
    Header(String),
}

/// `offset` and `length`, or `suffix` alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slice {
    #[serde(default, deserialize_with = "integer::optional")]
    pub(super) offset: Option<i64>,
    #[serde(default, deserialize_with = "integer::optional")]
    pub(super) length: Option<i64>,
    #[serde(default, deserialize_with = "integer::optional")]
    pub(super) suffix: Option<i64>,
}

impl RangeRequest {
    /// The range in an object of this size.
    ///
    /// # Errors
    /// Fails when the range is empty, or its fields contradict each other.
    pub(super) fn resolve(&self, size: u64) -> Result<Range<u64>, R2Error> {
        match self {
            Self::Whole => Ok(0..size),
            Self::Slice(slice) => slice.resolve(size),
            Self::Header(value) => resolve_header(value, size),
        }
    }
}

impl Slice {
    fn resolve(self, size: u64) -> Result<Range<u64>, R2Error> {
        let natural = |number: i64| {
            u64::try_from(number).map_err(|_| R2Error::invalid("a range cannot be negative"))
        };
        let range = match self {
            Self {
                suffix: Some(suffix),
                offset: None,
                length: None,
            } => size.saturating_sub(natural(suffix)?)..size,
            Self {
                suffix: Some(_), ..
            } => {
                return Err(R2Error::invalid(
                    "a range has suffix, or offset and length, not both",
                ));
            }
            Self { offset, length, .. } => {
                let offset = natural(offset.unwrap_or(0))?;
                let end = match length {
                    Some(length) if length <= 0 => return Err(unsatisfiable(size)),
                    Some(length) => offset.saturating_add(natural(length)?).min(size),
                    None => size,
                };
                offset..end
            }
        };
        if range.is_empty() {
            return Err(unsatisfiable(size));
        }
        Ok(range)
    }
}

/// Resolves a `Range` header. A malformed one, or one of several ranges, means the whole object.
///
/// `safelight_net::conditions` reads the same header for files and public buckets. The two differ: this one accepts
/// spaces around the numbers, and returns an empty object for its last bytes, which the other one refuses.
fn resolve_header(value: &str, size: u64) -> Result<Range<u64>, R2Error> {
    let Some((first, last)) = parse(value) else {
        return Ok(0..size);
    };
    match (first, last) {
        (None, Some(0)) => Err(unsatisfiable(size)),
        (None, Some(suffix)) => Ok(size.saturating_sub(suffix)..size),
        (Some(first), Some(last)) if first > last => Ok(0..size),
        (Some(first), _) if first >= size => Err(unsatisfiable(size)),
        (Some(first), last) => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            Ok(first..end)
        }
        (None, None) => Ok(0..size),
    }
}

/// Parses `bytes=a-b`, `bytes=a-` or `bytes=-n`.
fn parse(value: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.split_once('-')?;
    Some((number(first)?, number(last)?))
}

/// Parses a number; none if the text is empty. A number that is too large becomes `u64::MAX`.
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Some(None);
    }
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

fn unsatisfiable(size: u64) -> R2Error {
    R2Error::new(
        Code::RangeNotSatisfiable,
        format!("The requested range is not satisfiable: the object has {size} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::{RangeRequest, Slice};

    fn slice(offset: Option<i64>, length: Option<i64>, suffix: Option<i64>) -> RangeRequest {
        RangeRequest::Slice(Slice {
            offset,
            length,
            suffix,
        })
    }

    fn resolved(wanted: &RangeRequest, size: u64) -> Result<(u64, u64), u32> {
        let range = wanted.resolve(size).map_err(|error| error.code.number())?;
        Ok((range.start, range.end - range.start))
    }

    #[test]
    fn an_object_of_five_bytes_is_cut_as_asked() {
        for (wanted, expected) in [
            (RangeRequest::Whole, Ok((0, 5))),
            (slice(None, None, None), Ok((0, 5))),
            (slice(Some(3), None, None), Ok((3, 2))),
            (slice(None, Some(3), None), Ok((0, 3))),
            (slice(None, Some(42), None), Ok((0, 5))),
            (slice(Some(1), Some(i64::MAX), None), Ok((1, 4))),
            (slice(None, None, Some(3)), Ok((2, 3))),
            (slice(None, None, Some(42)), Ok((0, 5))),
            (slice(Some(42), None, None), Err(10039)),
            (slice(Some(5), None, None), Err(10039)),
            (slice(None, Some(0), None), Err(10039)),
            (slice(None, None, Some(0)), Err(10039)),
            (slice(Some(-1), None, None), Err(10029)),
            (slice(Some(1), None, Some(1)), Err(10029)),
        ] {
            assert_eq!(resolved(&wanted, 5), expected, "{wanted:?}");
        }
    }

    #[test]
    fn an_empty_object_has_no_range() {
        assert_eq!(resolved(&RangeRequest::Whole, 0), Ok((0, 0)));
        for wanted in [
            slice(None, None, None),
            slice(Some(0), None, None),
            slice(None, None, Some(1)),
        ] {
            assert_eq!(resolved(&wanted, 0), Err(10039), "{wanted:?}");
        }
        let last_bytes = RangeRequest::Header("bytes=-1".into());
        assert_eq!(resolved(&last_bytes, 0), Ok((0, 0)));
    }

    #[test]
    fn a_range_header_is_read_as_http_has_it() {
        for (value, expected) in [
            ("bytes=1-2", Ok((1, 2))),
            ("BYTES = 1 - 2", Ok((1, 2))),
            ("bytes=2-", Ok((2, 3))),
            ("bytes=-2", Ok((3, 2))),
            ("bytes=-9", Ok((0, 5))),
            ("bytes=3-99999999999999999999999", Ok((3, 2))),
            ("bytes=5-", Err(10039)),
            ("bytes=99999999999999999999999-", Err(10039)),
            ("bytes=-0", Err(10039)),
            ("bytes=2-1", Ok((0, 5))),
            ("bytes=-", Ok((0, 5))),
            ("bytes=", Ok((0, 5))),
            ("bytes=0-1,3-4", Ok((0, 5))),
            ("bytes=+1-2", Ok((0, 5))),
            ("items=0-1", Ok((0, 5))),
            ("", Ok((0, 5))),
        ] {
            assert_eq!(
                resolved(&RangeRequest::Header(value.into()), 5),
                expected,
                "{value:?}"
            );
        }
    }
}
