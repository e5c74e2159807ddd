//! Patterns of origins: `example.com`, `*.example.com/photos`, `localhost:9000`, `*`.

use std::fmt;
use std::str::FromStr;

use crate::target::Target;

/// A pattern of hosts, with an optional port and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    host: Host,
    port: Option<u16>,
    /// Prefix of the path.
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    /// In lower case.
    Exact(String),
    /// This domain and all its subdomains.
    Below(String),
}

impl OriginPattern {
    /// Returns whether this URL matches. A pattern without a port matches all ports.
    #[must_use]
    pub fn matches(&self, target: &Target) -> bool {
        let url = target.url();
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_end_matches('.');
        let is_host = match &self.host {
            Host::Any => true,
            Host::Exact(name) => host == name,
            Host::Below(root) => host
                .strip_suffix(root.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        };
        is_host
            && self.port.is_none_or(|port| port == target.port())
            && url.path().starts_with(&self.path)
    }

    /// Returns whether the pattern restricts the path.
    #[must_use]
    pub fn has_path(&self) -> bool {
        !self.path.is_empty()
    }
}

/// The text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseOriginError;

impl FromStr for OriginPattern {
    type Err = ParseOriginError;

    fn from_str(text: &str) -> Result<Self, ParseOriginError> {
        let (authority, path) = match text.find('/') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| ParseOriginError)?))
            }
            Some(_) | None => (authority, None),
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_name = |name: &str| !name.is_empty() && name.chars().all(letters);
        let is_address = |name: &str| {
            let inside = name
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            inside.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
        };
        let host = match (host, host.strip_prefix("*.")) {
            ("*", _) => Host::Any,
            (_, Some(root)) if is_name(root) => Host::Below(root.to_ascii_lowercase()),
            (name, None) if is_name(name) || is_address(name) => {
                Host::Exact(name.to_ascii_lowercase())
            }
            _ => return Err(ParseOriginError),
        };
        Ok(Self {
            host,
            port,
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for ParseOriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a host such as example.com, *.example.com/photos or *")
    }
}

impl std::error::Error for ParseOriginError {}

#[cfg(test)]
mod tests {
    use super::OriginPattern;
    use crate::target::Target;

    #[test]
    fn a_pattern_is_for_a_host_its_port_and_the_beginning_of_its_path() {
        for (pattern, url, expected) in [
            ("example.com", "https://example.com/a", true),
            ("Example.COM", "https://example.com:8443/a", true),
            ("example.com", "https://EXAMPLE.com./a", true),
            ("example.com", "https://www.example.com/a", false),
            ("example.com", "https://example.com.evil.test/a", false),
            ("example.com", "https://notexample.com/a", false),
            ("*.example.com", "https://example.com/a", true),
            ("*.example.com", "https://a.b.example.com/a", true),
            ("*.example.com", "https://notexample.com/a", false),
            ("example.com/photos/", "https://example.com/photos/a", true),
            ("example.com/photos/", "https://example.com/other/a", false),
            (
                "example.com/photos/",
                "https://example.com/photos/../other",
                false,
            ),
            ("localhost:9000", "http://localhost:9000/a", true),
            ("localhost:9000", "http://localhost:9001/a", false),
            ("127.0.0.1", "http://2130706433/a", true),
            ("[::1]:81", "http://[::1]:81/a", true),
            ("*", "https://anything.test/a", true),
        ] {
            let target = Target::parse(url).unwrap();
            let pattern: OriginPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&target), expected, "{pattern:?} {url}");
        }
    }

    #[test]
    fn a_text_that_is_no_host_is_refused() {
        for text in [
            "",
            "/a",
            "https://example.com",
            "a b",
            "*x.com",
            "a.*.com",
            "a:b",
            "*.",
        ] {
            assert!(text.parse::<OriginPattern>().is_err(), "{text}");
        }
    }
}
