//! Preconditions and ranges against one representation of ten bytes.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, Method};

use safelight_protocol::etag::EntityTag;

use super::{RangeOutcome, Representation};

fn representation(etag: &str) -> Representation<'_> {
    Representation {
        etag: EntityTag::parse(etag).unwrap(),
        modified: SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_500),
        length: 10,
    }
}

fn range(headers: &[(&'static str, &str)]) -> RangeOutcome {
    representation(TAG).range(&Method::GET, &header_map(headers))
}

fn header_map(headers: &[(&'static str, &str)]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
}

const TAG: &str = "\"tag\"";
const PART: RangeOutcome = RangeOutcome::Part {
    start: 2,
    length: 3,
};

#[test]
fn a_representation_that_the_client_has_is_not_sent_again() {
    for (name, value, expected) in [
        ("if-none-match", "\"tag\"", RangeOutcome::NotModified),
        ("if-none-match", "W/\"tag\"", RangeOutcome::NotModified),
        (
            "if-none-match",
            "\"other\", \"tag\"",
            RangeOutcome::NotModified,
        ),
        ("if-none-match", "*", RangeOutcome::NotModified),
        ("if-none-match", "\"other\"", RangeOutcome::Whole),
        ("if-none-match", "tag", RangeOutcome::Whole),
        (
            "if-modified-since",
            "Mon, 12 Jan 1970 13:46:40 GMT",
            RangeOutcome::NotModified,
        ),
        (
            "if-modified-since",
            "Mon, 12 Jan 1970 13:46:39 GMT",
            RangeOutcome::Whole,
        ),
        ("if-modified-since", "yesterday", RangeOutcome::Whole),
    ] {
        assert_eq!(range(&[(name, value)]), expected, "{name}: {value}");
    }
    let date = ("if-modified-since", "Mon, 12 Jan 1970 13:46:40 GMT");
    assert_eq!(
        range(&[("if-none-match", "\"x\""), date]),
        RangeOutcome::Whole
    );
}

#[test]
fn a_request_for_another_representation_fails() {
    for (name, value, fails) in [
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
        let headers = header_map(&[(name, value)]);
        assert_eq!(
            representation(TAG).precondition_fails(&headers),
            fails,
            "{name}: {value}"
        );
    }
    let earlier = ("if-unmodified-since", "Mon, 12 Jan 1970 13:46:39 GMT");
    let both = header_map(&[("if-match", "\"tag\""), earlier]);
    assert!(!representation(TAG).precondition_fails(&both));
}

#[test]
fn a_range_is_that_part_of_the_file() {
    let part = |start, length| RangeOutcome::Part { start, length };
    for (value, expected) in [
        ("bytes=2-4", PART),
        ("Bytes = 2-4", PART),
        ("bytes=2 - 4", RangeOutcome::Whole),
        ("bytes=0-", part(0, 10)),
        ("bytes=8-99999999999999999999999", part(8, 2)),
        ("bytes=-3", part(7, 3)),
        ("bytes=-99", part(0, 10)),
        ("bytes=10-", RangeOutcome::Unsatisfiable),
        ("bytes=-0", RangeOutcome::Unsatisfiable),
        (
            "bytes=99999999999999999999999-",
            RangeOutcome::Unsatisfiable,
        ),
        ("bytes=4-2", RangeOutcome::Whole),
        ("bytes=0-1,3-4", RangeOutcome::Whole),
        ("bytes=-", RangeOutcome::Whole),
        ("bytes=a-b", RangeOutcome::Whole),
        ("bytes", RangeOutcome::Whole),
        ("lines=1-2", RangeOutcome::Whole),
    ] {
        assert_eq!(range(&[("range", value)]), expected, "{value}");
    }
    let empty = Representation {
        length: 0,
        ..representation(TAG)
    };
    let headers = header_map(&[("range", "bytes=-1")]);
    let outcome = empty.range(&Method::GET, &headers);
    assert_eq!(outcome, RangeOutcome::Unsatisfiable);
}

#[test]
fn a_range_of_another_representation_is_the_whole() {
    for (validator, expected) in [
        ("\"tag\"", PART),
        ("\"other\"", RangeOutcome::Whole),
        ("W/\"tag\"", RangeOutcome::Whole),
        ("Mon, 12 Jan 1970 13:46:40 GMT", PART),
        ("Mon, 12 Jan 1970 13:46:41 GMT", RangeOutcome::Whole),
    ] {
        let headers = [("range", "bytes=2-4"), ("if-range", validator)];
        assert_eq!(range(&headers), expected, "{validator}");
    }
}

#[test]
fn a_comma_inside_quotes_is_part_of_the_tag() {
    let current = representation("\"a,b\"");
    for list in ["\"a,b\"", "\"x\", \"a,b\"", "\"x,y\",\"a,b\""] {
        let headers = header_map(&[("if-none-match", list)]);
        let outcome = current.range(&Method::GET, &headers);
        assert_eq!(outcome, RangeOutcome::NotModified, "{list}");
        let headers = header_map(&[("if-match", list)]);
        assert!(!current.precondition_fails(&headers), "{list}");
    }
    for list in ["\"a\", \"b\"", "\"x,a\",\"b,y\""] {
        let headers = header_map(&[("if-none-match", list)]);
        let outcome = current.range(&Method::GET, &headers);
        assert_eq!(outcome, RangeOutcome::Whole, "{list}");
        let headers = header_map(&[("if-match", list)]);
        assert!(current.precondition_fails(&headers), "{list}");
    }
    let headers = header_map(&[("range", "bytes=2-4"), ("if-range", "\"a,b\"")]);
    assert_eq!(current.range(&Method::GET, &headers), PART);
}
