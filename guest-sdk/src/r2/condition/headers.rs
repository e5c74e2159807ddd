//! Conditions in the headers of a request.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName};
use safelight_protocol::etag::{EntityTag, ListedTag, listed_tags};

use super::{R2Conditional, R2Etag};
use crate::r2::date;
use crate::{Error, Result};

pub(super) fn read(headers: &HeaderMap) -> Result<R2Conditional> {
    let date = |name: HeaderName| date::parse(headers.get(name)?.to_str().ok()?);
    Ok(R2Conditional {
        matches: tags(headers, &IF_MATCH)?,
        differs: tags(headers, &IF_NONE_MATCH)?,
        before: date(IF_UNMODIFIED_SINCE),
        after: date(IF_MODIFIED_SINCE),
        seconds: true,
    })
}

/// Reads the tags of all headers of this name. `*` outweighs all others.
///
/// # Errors
/// Fails when the headers have no tag, or an element that is not a tag: that element might be the one that matters.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Vec<R2Etag>> {
    let tags = listed_tags(headers, name)
        .map(|listed| listed.map(R2Etag::from))
        .collect::<Result<Vec<_>, _>>()
        .unwrap_or_default();
    if tags.is_empty() && headers.contains_key(name) {
        let text = format!("the header {name} of a condition has no entity tags that can be read");
        return Err(Error::Unsendable(text));
    }
    match tags.contains(&R2Etag::Any) {
        true => Ok(vec![R2Etag::Any]),
        false => Ok(tags),
    }
}

impl From<ListedTag<'_>> for R2Etag {
    fn from(listed: ListedTag<'_>) -> Self {
        match listed {
            ListedTag::Any => Self::Any,
            ListedTag::Tag(EntityTag {
                is_weak: true,
                opaque,
            }) => Self::Weak(opaque.to_owned()),
            ListedTag::Tag(EntityTag {
                is_weak: false,
                opaque,
            }) => Self::Strong(opaque.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};
    use serde_json::{Value, json};

    use crate::R2Conditional;

    fn parsed(headers: &[(&'static str, &str)]) -> Result<Value, String> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        R2Conditional::from_headers(&headers)
            .and_then(R2Conditional::into_json)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn tags_are_read_from_lists_and_a_star_outweighs_them() {
        let strong = |value: &str| json!({ "value": value, "type": "strong" });
        let weak = |value: &str| json!({ "value": value, "type": "weak" });
        let any = json!([{ "type": "wildcard" }]);
        for (value, tags) in [
            ("\"a\"", json!([strong("a")])),
            (
                "\"a, b\" ,W/\"c\",\"\"",
                json!([strong("a, b"), weak("c"), strong("")]),
            ),
            ("*", any.clone()),
            ("\"a\", *", any),
        ] {
            for (header, name) in [
                ("if-match", "etagMatches"),
                ("if-none-match", "etagDoesNotMatch"),
            ] {
                let expected = json!({ name: tags.clone(), "secondsGranularity": true });
                assert_eq!(
                    parsed(&[(header, value)]),
                    Ok(expected),
                    "{header}: {value}"
                );
            }
        }
    }

    #[test]
    fn a_header_that_is_no_list_of_tags_is_refused_by_its_name() {
        for value in ["a", "", "\"a", "\"a\" \"b\"", "W/a", "\"a\", b", "é"] {
            let words = parsed(&[("if-none-match", value)]).unwrap_err();
            assert!(words.contains("if-none-match"), "{value}: {words}");
        }
    }

    #[test]
    fn dates_are_compared_in_seconds_and_what_is_no_date_asks_for_nothing() {
        let headers = [
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("if-unmodified-since", "tomorrow"),
        ];
        let expected = json!({ "uploadedAfter": "784111777000", "secondsGranularity": true });
        assert_eq!(parsed(&headers), Ok(expected));
    }
}
