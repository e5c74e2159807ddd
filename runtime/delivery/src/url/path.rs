//! Splits the path `/cdn-cgi/image/<options>/<source>` into options and source.

use http::Uri;
use http::uri::PathAndQuery;
use safelight_outgoing::target::Target;
use safelight_protocol::paths::IMAGE_URL_PREFIX as PREFIX;

use crate::error::{DeliveryError, ErrorKind};
use crate::subrequest::is_same_zone;

/// The two halves of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    pub options: &'a str,
    /// The source, with its query.
    pub source: &'a str,
}

impl<'a> Path<'a> {
    /// Splits the path at the first slash after the prefix.
    ///
    /// # Errors
    /// When the options or the source are missing.
    pub fn parse(uri: &'a Uri) -> Result<Self, DeliveryError> {
        let malformed = || {
            DeliveryError::new(
                ErrorKind::BadPath,
                format!("the path must begin with {PREFIX}"),
            )
        };
        let whole = uri.path_and_query().ok_or_else(malformed)?.as_str();
        let rest = whole.strip_prefix(PREFIX).ok_or_else(malformed)?;
        let form = format!("the path must be {PREFIX}<options>/<source>");
        let missing =
            |what: &str| DeliveryError::new(ErrorKind::BadOptions, format!("{what}: {form}"));
        // A slash in the query does not separate options from source.
        let path_bytes = uri.path().len().saturating_sub(PREFIX.len());
        let (options, source) = rest
            .split_once('/')
            .filter(|(options, _)| options.len() < path_bytes)
            .ok_or_else(|| missing("there is no source"))?;
        if options.is_empty() {
            return Err(missing("there are no options"));
        }
        if source.is_empty() {
            return Err(missing("there is no source"));
        }
        Ok(Self { options, source })
    }
}

/// The URL of a source.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceUrl {
    /// The worker serves it at this URL.
    Worker(Uri),
    /// Another host serves it.
    Remote(Target),
}

impl SourceUrl {
    /// Parses a source. A relative one is resolved against `request_uri`.
    ///
    /// # Errors
    /// When it is not an allowed URL, or is a URL of this interface itself.
    pub fn parse(text: &str, request_uri: &Uri) -> Result<Self, DeliveryError> {
        let bad = |why: &str| DeliveryError::new(ErrorKind::BadUrl, format!("the source {why}"));
        if !text.is_ascii() || text.contains(' ') {
            return Err(bad("must be percent-encoded ASCII"));
        }
        let url = match absolute(text) {
            Some(url) => {
                let target = Target::parse(&url).map_err(|error| bad(&error.to_string()))?;
                let parsed: Uri = target
                    .url()
                    .as_str()
                    .parse()
                    .map_err(|_| bad("is malformed"))?;
                if !is_same_zone(&parsed, request_uri) {
                    return Ok(Self::Remote(target));
                }
                parsed
            }
            None if is_encoded_url(text) => {
                let text = "the source is percent-encoded as a whole: it must begin with http:// or https:// as it is";
                return Err(DeliveryError::new(ErrorKind::EncodedUrl, text));
            }
            None => zone_url(text, request_uri).ok_or_else(|| bad("is malformed"))?,
        };
        if url.path().starts_with(PREFIX) {
            let text = "the source is the result of a transformation";
            return Err(DeliveryError::new(ErrorKind::Loop, text));
        }
        Ok(Self::Worker(url))
    }
}

/// The source as an absolute URL; none if it has no scheme.
fn absolute(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(inside) {
        return None;
    }
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    // Proxies and routers merge two slashes into one.
    Some(match rest.strip_prefix('/') {
        Some(rest) if is_http && !rest.starts_with('/') => format!("{scheme}://{rest}"),
        Some(_) | None => text.to_owned(),
    })
}

/// Whether the source is a percent-encoded URL, as other services expect it. Here it would be the path of a missing
/// file.
fn is_encoded_url(text: &str) -> bool {
    let text = text.trim_start_matches('/').to_ascii_lowercase();
    text.starts_with("http%3a") || text.starts_with("https%3a")
}

fn zone_url(text: &str, request_uri: &Uri) -> Option<Uri> {
    let path = match text.starts_with('/') {
        true => text.to_owned(),
        false => format!("/{text}"),
    };
    let mut parts = request_uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::{Path, SourceUrl};

    fn parse_path(path: &str) -> Result<(String, String), u16> {
        let uri: Uri = format!("http://localhost:8787{path}").parse().unwrap();
        Path::parse(&uri)
            .map(|path| (path.options.to_owned(), path.source.to_owned()))
            .map_err(|error| error.kind.number())
    }

    #[test]
    fn the_first_slash_ends_the_options() {
        let halves = |options: &str, source: &str| Ok((options.to_owned(), source.to_owned()));
        assert_eq!(
            parse_path("/cdn-cgi/image/width=80,f=auto/a/b.png?c=/d"),
            halves("width=80,f=auto", "a/b.png?c=/d")
        );
        assert_eq!(
            parse_path("/cdn-cgi/image/w=8/https://example.com/a.png"),
            halves("w=8", "https://example.com/a.png")
        );
        assert_eq!(parse_path("/cdn-cgi/image/w=8//a"), halves("w=8", "/a"));
    }

    #[test]
    fn a_path_without_options_or_without_a_source_is_refused() {
        for path in [
            "/cdn-cgi/image/",
            "/cdn-cgi/image//a.png",
            "/cdn-cgi/image/width=80",
            "/cdn-cgi/image/width=80/",
            "/cdn-cgi/image/width=80?a=/b",
        ] {
            assert_eq!(parse_path(path), Err(9401), "{path}");
        }
    }

    fn source(text: &str) -> Result<String, u16> {
        let request_uri = Uri::from_static("http://localhost:8787/cdn-cgi/image/w=8/x");
        SourceUrl::parse(text, &request_uri)
            .map(|source| match source {
                SourceUrl::Worker(url) => format!("worker {url}"),
                SourceUrl::Remote(target) => format!("host {}", target.url()),
            })
            .map_err(|error| error.kind.number())
    }

    #[test]
    fn a_path_is_the_workers_and_another_host_is_not() {
        for (text, expected) in [
            ("a.png", "worker http://localhost:8787/a.png"),
            ("/a.png?b=c", "worker http://localhost:8787/a.png?b=c"),
            (
                "//example.com/a",
                "worker http://localhost:8787//example.com/a",
            ),
            ("http://localhost:8787/a", "worker http://localhost:8787/a"),
            ("http:/localhost:8787/a", "worker http://localhost:8787/a"),
            ("http://LOCALHOST:8787/a", "worker http://localhost:8787/a"),
            ("http://localhost:8788/a", "host http://localhost:8788/a"),
            (
                "https://example.com/a?b=/c",
                "host https://example.com/a?b=/c",
            ),
            ("https:/example.com/a", "host https://example.com/a"),
            ("HTTPS://example.com/a", "host https://example.com/a"),
        ] {
            assert_eq!(source(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_source_that_is_no_allowed_url_is_9406() {
        for text in [
            "file:///etc/passwd",
            "file:/etc/passwd",
            "ftp://example.com/a",
            "data:image/png;base64,AA",
            "http://user@example.com/a",
            "http://example.com@127.0.0.1/",
            "http://",
            "http://[::1/a",
        ] {
            assert_eq!(source(text), Err(9406), "{text}");
        }
    }

    #[test]
    fn a_url_that_is_encoded_as_a_whole_is_9419() {
        for text in [
            "https%3A%2F%2Fexample.com%2Fa.png",
            "/HTTP%3a//example.com/a.png",
        ] {
            assert_eq!(source(text), Err(9419), "{text}");
        }
    }

    #[test]
    fn a_transformation_of_a_transformation_is_9403() {
        for text in [
            "cdn-cgi/image/w=9/a.png",
            "/cdn-cgi/image/w=9/a.png",
            "http://localhost:8787/cdn-cgi/image/w=9/a.png",
        ] {
            assert_eq!(source(text), Err(9403), "{text}");
        }
    }
}
