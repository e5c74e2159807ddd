//! What a request's headers ask of a file or an object: only if it has changed, or has not, and only a part of it.

use std::time::{Duration, SystemTime};

use http::header::{
    HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderName, Method};

/// What is known of the file that answers.
pub struct Version<'a> {
    /// Quoted, as it stands in the header.
    pub etag: &'a str,
    pub modified: SystemTime,
    pub length: u64,
}

/// What is to be sent of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the caller has it.
    NotModified,
    Whole,
    /// This many bytes from there.
    Part {
        start: u64,
        length: u64,
    },
    /// A part that it does not have.
    Unsatisfiable,
}

impl Version<'_> {
    pub fn wanted(&self, method: &Method, headers: &HeaderMap) -> Wanted {
        if self.is_known(headers) {
            return Wanted::NotModified;
        }
        // Of the methods that are answered only GET has ranges.
        if method != Method::GET || !self.range_applies(headers) {
            return Wanted::Whole;
        }
        match text(headers, &RANGE) {
            Some(range) => self.range(range),
            None => Wanted::Whole,
        }
    }

    /// Whether the caller wants another version, or none at all.
    pub fn is_refused(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_MATCH) {
            // Its lists compare strongly, and it goes before the date.
            let lists = headers.get_all(IF_MATCH).iter();
            let mut tags = lists
                .filter_map(|list| list.to_str().ok())
                .flat_map(|list| list.split(','))
                .map(str::trim);
            return !tags.any(|tag| tag == "*" || tag == self.etag);
        }
        let since = text(headers, &IF_UNMODIFIED_SINCE).and_then(|date| date.parse().ok());
        since.is_some_and(|since: httpdate::HttpDate| self.seconds() > SystemTime::from(since))
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_NONE_MATCH) {
            // Its lists compare weakly, and it goes before the date.
            let lists = headers.get_all(IF_NONE_MATCH).iter();
            let tags = lists.filter_map(|list| list.to_str().ok());
            return tags.flat_map(|list| list.split(',')).any(|tag| {
                let tag = tag.trim();
                tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag
            });
        }
        let since = text(headers, &IF_MODIFIED_SINCE).and_then(|date| date.parse().ok());
        since.is_some_and(|since: httpdate::HttpDate| self.seconds() <= SystemTime::from(since))
    }

    /// Whether the caller's other part, if it has one, is of this very file.
    fn range_applies(&self, headers: &HeaderMap) -> bool {
        if !headers.contains_key(IF_RANGE) {
            return true;
        }
        text(headers, &IF_RANGE).is_some_and(|validator| {
            let date = validator.parse::<httpdate::HttpDate>();
            validator == self.etag
                || date.is_ok_and(|date| SystemTime::from(date) == self.seconds())
        })
    }

    /// One range of bytes; several, or what is no range at all, ask for the whole.
    fn range(&self, range: &str) -> Wanted {
        let Some((unit, range)) = range.split_once('=') else {
            return Wanted::Whole;
        };
        let Some((first, last)) = range.trim().split_once('-') else {
            return Wanted::Whole;
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !unit.trim().eq_ignore_ascii_case("bytes") || !is_number(first) || !is_number(last) {
            return Wanted::Whole;
        }
        // A number that does not fit is beyond every file.
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let (start, end) = match (first, last) {
            ("", "") => return Wanted::Whole,
            ("", suffix) => (self.length.saturating_sub(number(suffix)), self.length),
            (first, "") => (number(first), self.length),
            (first, last) if number(last) < number(first) => return Wanted::Whole,
            (first, last) => (
                number(first),
                number(last).saturating_add(1).min(self.length),
            ),
        };
        match start < end {
            true => Wanted::Part {
                start,
                length: end - start,
            },
            false => Wanted::Unsatisfiable,
        }
    }

    /// The time of its change as HTTP tells it, in whole seconds.
    fn seconds(&self) -> SystemTime {
        let since = self.modified.duration_since(SystemTime::UNIX_EPOCH);
        SystemTime::UNIX_EPOCH + Duration::from_secs(since.map_or(0, |since| since.as_secs()))
    }
}

/// The header's value, if there is one and no other.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, HeaderName, Method};

    use super::{Version, Wanted};

    fn version() -> Version<'static> {
        Version {
            etag: "\"tag\"",
            modified: SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_500),
            length: 10,
        }
    }

    fn wanted(headers: &[(&'static str, &str)]) -> Wanted {
        version().wanted(&Method::GET, &of(headers))
    }

    fn of(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    const PART: Wanted = Wanted::Part {
        start: 2,
        length: 3,
    };

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        for (name, value, wanted_) in [
            ("if-none-match", "\"tag\"", Wanted::NotModified),
            ("if-none-match", "W/\"tag\"", Wanted::NotModified),
            ("if-none-match", "\"other\", \"tag\"", Wanted::NotModified),
            ("if-none-match", "*", Wanted::NotModified),
            ("if-none-match", "\"other\"", Wanted::Whole),
            ("if-none-match", "tag", Wanted::Whole),
            (
                "if-modified-since",
                "Mon, 12 Jan 1970 13:46:40 GMT",
                Wanted::NotModified,
            ),
            (
                "if-modified-since",
                "Mon, 12 Jan 1970 13:46:39 GMT",
                Wanted::Whole,
            ),
            ("if-modified-since", "yesterday", Wanted::Whole),
        ] {
            assert_eq!(wanted(&[(name, value)]), wanted_, "{name}: {value}");
        }
        let date = ("if-modified-since", "Mon, 12 Jan 1970 13:46:40 GMT");
        assert_eq!(wanted(&[("if-none-match", "\"x\""), date]), Wanted::Whole);
    }

    #[test]
    fn who_wants_another_version_is_refused() {
        for (name, value, refused) in [
            ("if-match", "\"tag\"", false),
            ("if-match", "\"other\", \"tag\"", false),
            ("if-match", "*", false),
            ("if-match", "\"other\"", true),
            ("if-match", "W/\"tag\"", true),
            (
                "if-unmodified-since",
                "Mon, 12 Jan 1970 13:46:40 GMT",
                false,
            ),
            ("if-unmodified-since", "Mon, 12 Jan 1970 13:46:39 GMT", true),
            ("if-unmodified-since", "yesterday", false),
        ] {
            let headers = of(&[(name, value)]);
            assert_eq!(version().is_refused(&headers), refused, "{name}: {value}");
        }
        let earlier = ("if-unmodified-since", "Mon, 12 Jan 1970 13:46:39 GMT");
        let both = of(&[("if-match", "\"tag\""), earlier]);
        assert!(!version().is_refused(&both));
    }

    #[test]
    fn a_range_is_that_part_of_the_file() {
        let part = |start, length| Wanted::Part { start, length };
        for (range, wanted_) in [
            ("bytes=2-4", PART),
            ("Bytes = 2-4", PART),
            ("bytes=0-", part(0, 10)),
            ("bytes=8-99999999999999999999999", part(8, 2)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-99", part(0, 10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
            ("bytes=4-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ] {
            assert_eq!(wanted(&[("range", range)]), wanted_, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_the_whole() {
        for (validator, wanted_) in [
            ("\"tag\"", PART),
            ("\"other\"", Wanted::Whole),
            ("W/\"tag\"", Wanted::Whole),
            ("Mon, 12 Jan 1970 13:46:40 GMT", PART),
            ("Mon, 12 Jan 1970 13:46:41 GMT", Wanted::Whole),
        ] {
            let headers = [("range", "bytes=2-4"), ("if-range", validator)];
            assert_eq!(wanted(&headers), wanted_, "{validator}");
        }
    }
}
