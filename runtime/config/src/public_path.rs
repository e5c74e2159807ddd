//! The path of a site under which a bucket's objects are public.

use std::fmt;
use std::str::FromStr;

/// Longest path, in bytes.
const MAX_BYTES: usize = 100;

/// A path such as `/photos/`: plain names between slashes, the last of them a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPath(String);

impl PublicPath {
    /// The path, which begins and ends with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a URL could be under both paths.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

/// The text is not a public path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicPathError;

impl FromStr for PublicPath {
    type Err = PublicPathError;

    fn from_str(text: &str) -> Result<Self, PublicPathError> {
        let names = text.strip_prefix('/').ok_or(PublicPathError)?;
        let names = names.strip_suffix('/').unwrap_or(names);
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let is_name = |name: &str| {
            !matches!(name, "" | "." | "..") && name.chars().all(inside) && name != "cdn-cgi"
        };
        match names.len() < MAX_BYTES && names.split('/').all(is_name) {
            true => Ok(Self(format!("/{names}/"))),
            false => Err(PublicPathError),
        }
    }
}

impl fmt::Display for PublicPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a path of plain names, such as `/photos`, and none of them `cdn-cgi`")
    }
}

#[cfg(test)]
mod tests {
    use super::PublicPath;

    fn parse(text: &str) -> Option<String> {
        let path = text.parse::<PublicPath>().ok()?;
        Some(path.as_str().to_owned())
    }

    #[test]
    fn a_public_path_is_of_plain_names_and_ends_in_a_slash() {
        assert_eq!(parse("/photos").as_deref(), Some("/photos/"));
        assert_eq!(parse("/photos/").as_deref(), Some("/photos/"));
        assert_eq!(parse("/a/b.c~d").as_deref(), Some("/a/b.c~d/"));
    }

    #[test]
    fn a_path_that_hides_the_worker_or_leaves_the_bucket_is_refused() {
        let long = format!("/{}", "x".repeat(100));
        for text in [
            "",
            "/",
            "//",
            "photos",
            "/a//b",
            "/../a",
            "/a/./b",
            "/a?b",
            "/a%2Fb",
            "/a b",
            "/é",
            "/cdn-cgi",
            "/cdn-cgi/image/x",
            &long,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn paths_overlap_when_one_begins_with_the_other() {
        let overlap = |one: &str, other: &str| {
            let path = |text: &str| text.parse::<PublicPath>().unwrap();
            path(one).overlaps(&path(other))
        };
        assert!(overlap("/a", "/a/b") && overlap("/a/b", "/a") && overlap("/a", "/a/"));
        assert!(!overlap("/a", "/ab") && !overlap("/a/b", "/a/c"));
    }
}
