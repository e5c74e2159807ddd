//! Paths of assets: from the path of a URL to the name of a file, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All characters but those that a browser's `encodeURIComponent` leaves unchanged.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// A request's path with each segment decoded once, and repeated slashes as one.
///
/// A segment that cannot be decoded stays unchanged. The result is compared with names of files. A decoded segment with
/// a slash becomes two.
pub(super) fn decoded(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    for segment in path.split('/') {
        let plain = percent_decode_str(segment).decode_utf8();
        decoded.push('/');
        decoded.push_str(plain.as_deref().unwrap_or(segment));
    }
    let mut name = String::with_capacity(decoded.len());
    for c in decoded.chars() {
        if c != '/' || !name.ends_with('/') {
            name.push(c);
        }
    }
    name
}

/// A file's name as the path of a URL.
pub(super) fn encoded(name: &str) -> String {
    let segments = name
        .split('/')
        .map(|segment| utf8_percent_encode(segment, ESCAPED).to_string());
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn segments_are_decoded_once_and_slashes_are_not_repeated() {
        for (path, name) in [
            ("/a%20b/%C3%A9", "/a b/é"),
            ("//a///b/", "/a/b/"),
            ("/%2e%2e/x", "/../x"),
            ("/a%2Fb", "/a/b"),
            ("/%2F%2Fevil", "/evil"),
            ("/%252e", "/%2e"),
            ("/%ff/%zz", "/%ff/%zz"),
            ("/", "/"),
        ] {
            assert_eq!(decoded(path), name, "{path}");
        }
    }

    #[test]
    fn a_name_is_encoded_segment_by_segment() {
        assert_eq!(encoded("/a b/é@(1)"), "/a%20b/%C3%A9%40(1)");
    }
}
