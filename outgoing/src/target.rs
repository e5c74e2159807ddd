//! Parses the text of a URL to a host and a port.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::OutgoingError;

/// The maximum number of bytes of a URL.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// A URL whose text is allowed. Its addresses are checked later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: TargetHost,
    port: u16,
    secure: bool,
}

/// The host of a target. Every notation of an address has become the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHost {
    /// A name that has to be resolved.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Target {
    /// Parses an absolute URL.
    ///
    /// # Errors
    /// Fails when the text is no absolute URL, or its scheme is not `http` or `https`, or it carries a user or a password.
    pub fn parse(text: &str) -> Result<Self, OutgoingError> {
        // The URL parser drops or changes these characters silently, and another program may read them differently.
        let odd = |c: char| c.is_control() || c == ' ' || c == '\\' || !c.is_ascii();
        if text.len() > MAX_URL_BYTES {
            return Err(OutgoingError::InvalidUrl("longer than 8 KiB"));
        }
        if text.contains(odd) {
            return Err(OutgoingError::InvalidUrl(
                "spaces, backslashes, control characters and characters that are not ASCII must be percent-encoded",
            ));
        }
        let (scheme, rest) = text
            .split_once(':')
            .filter(|(scheme, _)| is_scheme(scheme))
            .ok_or(OutgoingError::InvalidUrl("not absolute"))?;
        let url = Url::parse(text);
        if let Ok(url) = &url {
            is_encrypted(url)?;
        }
        if !rest.starts_with("//") || rest.starts_with("///") {
            return Err(match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => OutgoingError::InvalidUrl("no host"),
                other => OutgoingError::Scheme(other.to_owned()),
            });
        }
        Self::from_url(url.map_err(|_| OutgoingError::InvalidUrl("malformed"))?)
    }

    /// Resolves the target of a redirect, which may be relative to this URL.
    ///
    /// # Errors
    /// Fails as [`Target::parse`] does.
    pub fn resolve_redirect(&self, location: &str) -> Result<Self, OutgoingError> {
        if location.len() > MAX_URL_BYTES {
            return Err(OutgoingError::InvalidUrl("longer than 8 KiB"));
        }
        if location.contains(|c: char| c.is_control() || c == '\\') {
            return Err(OutgoingError::InvalidUrl(
                "backslashes and control characters must be percent-encoded",
            ));
        }
        let url = self.url.join(location);
        Self::from_url(url.map_err(|_| OutgoingError::InvalidUrl("malformed"))?)
    }

    fn from_url(mut url: Url) -> Result<Self, OutgoingError> {
        let secure = is_encrypted(&url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutgoingError::Userinfo);
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => TargetHost::Name(name.to_owned()),
            Some(Host::Ipv4(address)) => TargetHost::Address(address.into()),
            Some(Host::Ipv6(address)) => TargetHost::Address(address.into()),
            None => return Err(OutgoingError::InvalidUrl("no host")),
        };
        let port = match url.port_or_known_default() {
            Some(port) if port > 0 => port,
            Some(_) | None => return Err(OutgoingError::InvalidUrl("no port")),
        };
        url.set_fragment(None);
        Ok(Self {
            url,
            host,
            port,
            secure,
        })
    }

    /// The URL, normalised and without its fragment.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &TargetHost {
        &self.host
    }

    /// The port, given or implied.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the connection is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns whether both have the same scheme, host and port.
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }
}

fn is_scheme(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(inside)
}

/// Returns whether the scheme is `https`; an error for a scheme other than `http` and `https`.
fn is_encrypted(url: &Url) -> Result<bool, OutgoingError> {
    match url.scheme() {
        "http" => Ok(false),
        "https" => Ok(true),
        other => Err(OutgoingError::Scheme(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetHost};
    use crate::error::OutgoingError;

    #[test]
    fn every_notation_of_an_address_becomes_the_address() {
        for (text, address) in [
            ("http://127.0.0.1/", "127.0.0.1"),
            ("http://127.1/", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f000001/", "127.0.0.1"),
            ("http://0x7f.0.0.1/", "127.0.0.1"),
            ("http://0177.0.0.1/", "127.0.0.1"),
            ("http://017700000001/", "127.0.0.1"),
            ("http://127.0.0.1./", "127.0.0.1"),
            ("http://%31%32%37.0.0.1/", "127.0.0.1"),
            ("http://@127.0.0.1/", "127.0.0.1"),
            ("http://0/", "0.0.0.0"),
            ("http://[::1]/", "::1"),
            ("http://[0:0:0:0:0:0:0:1]/", "::1"),
            ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
            ("http://[::ffff:7f00:1]/", "::ffff:127.0.0.1"),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(
                target.host(),
                &TargetHost::Address(address.parse().unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_text_that_is_no_absolute_http_url_is_refused() {
        use OutgoingError::{InvalidUrl, Scheme, Userinfo};
        for (text, is_expected) in [
            (
                "file:///etc/passwd",
                (|e| matches!(e, Scheme(s) if s == "file")) as fn(&OutgoingError) -> bool,
            ),
            ("FILE:///etc/passwd", |e| matches!(e, Scheme(_))),
            ("ftp://example.com/", |e| matches!(e, Scheme(_))),
            ("gopher://127.0.0.1:70/x", |e| matches!(e, Scheme(_))),
            ("data:image/png;base64,AA", |e| matches!(e, Scheme(_))),
            ("unix:/run/x.sock", |e| matches!(e, Scheme(_))),
            ("javascript:alert(1)", |e| matches!(e, Scheme(_))),
            ("http://user@example.com/", |e| matches!(e, Userinfo)),
            ("http://user:pass@example.com/", |e| matches!(e, Userinfo)),
            ("http://:pass@example.com/", |e| matches!(e, Userinfo)),
            ("http://example.com@127.0.0.1/", |e| matches!(e, Userinfo)),
            ("http://example.com%2f@127.0.0.1/", |e| {
                matches!(e, Userinfo)
            }),
            ("", |e| matches!(e, InvalidUrl(_))),
            ("/a.png", |e| matches!(e, InvalidUrl(_))),
            ("example.com/a.png", |e| matches!(e, InvalidUrl(_))),
            ("http:example.com", |e| matches!(e, InvalidUrl(_))),
            ("http:/example.com", |e| matches!(e, InvalidUrl(_))),
            ("http:///example.com", |e| matches!(e, InvalidUrl(_))),
            ("http:\\\\127.0.0.1\\", |e| matches!(e, InvalidUrl(_))),
            ("http://example.com\\@127.0.0.1/", |e| {
                matches!(e, InvalidUrl(_))
            }),
            (" http://example.com/", |e| matches!(e, InvalidUrl(_))),
            ("ht\ntp://example.com/", |e| matches!(e, InvalidUrl(_))),
            ("http://exam\tple.com/", |e| matches!(e, InvalidUrl(_))),
            ("http://example.com/a b", |e| matches!(e, InvalidUrl(_))),
            ("http://ex\u{e4}mple.com/", |e| matches!(e, InvalidUrl(_))),
            ("http://\u{2488}27.0.0.1/", |e| matches!(e, InvalidUrl(_))),
            ("http://example.com:99999/", |e| matches!(e, InvalidUrl(_))),
            ("http://example.com:0/", |e| matches!(e, InvalidUrl(_))),
            ("http://[::1/", |e| matches!(e, InvalidUrl(_))),
            ("http://[fe80::1%25eth0]/", |e| matches!(e, InvalidUrl(_))),
            ("http://256.1.1.1/", |e| matches!(e, InvalidUrl(_))),
            ("http://exa%00mple.com/", |e| matches!(e, InvalidUrl(_))),
        ] {
            let error = Target::parse(text).unwrap_err();
            assert!(is_expected(&error), "{text:?}: {error:?}");
        }
        let long = format!("http://example.com/{}", "a".repeat(9_000));
        assert!(matches!(Target::parse(&long), Err(InvalidUrl(_))));
    }

    #[test]
    fn a_redirect_may_be_relative_and_is_checked_like_a_url() {
        let from = Target::parse("https://example.com/a/b?c").unwrap();
        let to = |location| from.resolve_redirect(location);
        assert_eq!(to("d").unwrap().url().as_str(), "https://example.com/a/d");
        assert_eq!(
            to("//other.example/").unwrap().url().as_str(),
            "https://other.example/"
        );
        assert_eq!(to("/x#y").unwrap().url().as_str(), "https://example.com/x");
        assert!(matches!(
            to("file:///etc/passwd"),
            Err(OutgoingError::Scheme(_))
        ));
        assert!(matches!(to("http://a@b/"), Err(OutgoingError::Userinfo)));
        assert!(matches!(to("http://[/"), Err(OutgoingError::InvalidUrl(_))));
        assert!(matches!(
            to("/\\evil.example"),
            Err(OutgoingError::InvalidUrl(_))
        ));
    }
}
