//! Tables of tags, lists and headers.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{EntityTag, EntityTagError, ListedTag, TagList, if_match, if_none_match, listed_tags};

const fn strong(opaque: &str) -> EntityTag<'_> {
    EntityTag {
        is_weak: false,
        opaque,
    }
}

const fn weak(opaque: &str) -> EntityTag<'_> {
    EntityTag {
        is_weak: true,
        opaque,
    }
}

fn headers(name: &HeaderName, values: &[&'static [u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

#[test]
fn a_tag_is_one_text_in_quotes() {
    for (text, expected) in [
        ("\"a\"", Ok(strong("a"))),
        ("W/\"a\"", Ok(weak("a"))),
        (" \"a,b\"\t", Ok(strong("a,b"))),
        ("\"\"", Ok(strong(""))),
        ("", Err(EntityTagError)),
        ("a", Err(EntityTagError)),
        ("W/a", Err(EntityTagError)),
        ("w/\"a\"", Err(EntityTagError)),
        ("\"a", Err(EntityTagError)),
        ("\"a\"b", Err(EntityTagError)),
        ("\"a\", \"b\"", Err(EntityTagError)),
        ("*", Err(EntityTagError)),
    ] {
        assert_eq!(EntityTag::parse(text), expected, "{text}");
        if let Ok(tag) = expected {
            assert_eq!(tag.to_string(), text.trim());
        }
    }
}

/// The table of RFC 9110, section 8.8.3.2.
#[test]
fn weak_tags_are_equal_by_the_weak_comparison_only() {
    for (one, other, is_strong, is_weak) in [
        (weak("1"), weak("1"), false, true),
        (weak("1"), weak("2"), false, false),
        (weak("1"), strong("1"), false, true),
        (strong("1"), weak("1"), false, true),
        (strong("1"), strong("1"), true, true),
    ] {
        assert_eq!(one.strong_eq(&other), is_strong, "{one:?} {other:?}");
        assert_eq!(one.weak_eq(&other), is_weak, "{one:?} {other:?}");
    }
}

#[test]
fn a_list_is_split_at_the_commas_outside_of_quotes() {
    let tag = |tag| Ok(ListedTag::Tag(tag));
    let any = Ok(ListedTag::Any);
    let error = Err(EntityTagError);
    for (list, expected) in [
        ("\"a,b\", W/\"c\"", vec![tag(strong("a,b")), tag(weak("c"))]),
        (
            "\"a\" ,\t\"b\",\"\"",
            [strong("a"), strong("b"), strong("")].map(tag).to_vec(),
        ),
        ("*", vec![any]),
        ("\"a\", *", vec![tag(strong("a")), any]),
        ("", vec![]),
        (" \t", vec![]),
        (
            ", ,\"a\",, \"b\",",
            vec![tag(strong("a")), tag(strong("b"))],
        ),
        ("a", vec![error]),
        ("*a", vec![error]),
        ("W/ \"a\"", vec![error]),
        ("\"a\" \"b\"", vec![error]),
        ("\"a", vec![error]),
        ("\"a, b", vec![error, error]),
        (
            "\"a\", b, \"c\"",
            vec![tag(strong("a")), error, tag(strong("c"))],
        ),
        ("\"a\" b, \"c\"", vec![error, tag(strong("c"))]),
    ] {
        assert_eq!(TagList::new(list).collect::<Vec<_>>(), expected, "{list}");
    }
}

#[test]
fn several_headers_are_one_list() {
    let headers = headers(&IF_MATCH, &[b"\"a\", W/\"b\"", b"\"\xe9\"", b"*"]);
    let listed: Vec<_> = listed_tags(&headers, &IF_MATCH).collect();
    let expected = [
        Ok(ListedTag::Tag(strong("a"))),
        Ok(ListedTag::Tag(weak("b"))),
        Err(EntityTagError),
        Ok(ListedTag::Any),
    ];
    assert_eq!(listed, expected);
}

#[test]
fn if_match_compares_strongly_and_if_none_match_weakly() {
    for (value, strongly, weakly) in [
        (&b"\"a,b\""[..], true, true),
        (b"W/\"a,b\"", false, true),
        (b"\"x\", W/\"y\", \"a,b\"", true, true),
        (b"\"x\"", false, false),
        (b"*", true, true),
        (b"\"x\", *", true, true),
        (b"a,b", false, false),
        (b"x, \"a,b\"", true, true),
        (b"", false, false),
        (b"\"\xe9\"", false, false),
    ] {
        let current = strong("a,b");
        let shown = value.escape_ascii();
        let found = if_match(&headers(&IF_MATCH, &[value]), &current);
        assert_eq!(found, Some(strongly), "If-Match: {shown}");
        let found = if_none_match(&headers(&IF_NONE_MATCH, &[value]), &current);
        assert_eq!(found, Some(weakly), "If-None-Match: {shown}");
    }
    assert_eq!(if_match(&HeaderMap::new(), &strong("a")), None);
    assert_eq!(if_none_match(&HeaderMap::new(), &strong("a")), None);
}
