//! The caller's URL of a call of a service or of assets. The guest sends the call to an internal URL and this one in a header.

use http::{HeaderName, Uri};
use safelight_protocol::fetcher::URL_HEADER;
use url::Url;

use crate::body::Body;
use crate::error::HopError;

/// Moves the URL from its header to the request.
///
/// # Errors
/// Fails unless the header occurs once and holds an absolute URL of http or https.
pub fn restore(request: http::Request<Body>) -> Result<http::Request<Body>, HopError> {
    let (mut parts, body) = request.into_parts();
    let name = HeaderName::from_static(URL_HEADER);
    let mut values = parts.headers.get_all(&name).iter();
    let url = match (values.next(), values.next()) {
        (Some(url), None) => url
            .to_str()
            .map_err(|_| HopError::CallerUrl("it is not a URL"))?,
        (None, _) => return Err(HopError::CallerUrl("it is missing")),
        (Some(_), Some(_)) => return Err(HopError::CallerUrl("there are several")),
    };
    parts.uri = absolute(url).map_err(HopError::CallerUrl)?;
    parts.headers.remove(&name);
    // The extensions belong to the hop, which ends here.
    parts.extensions.clear();
    Ok(http::Request::from_parts(parts, body))
}

/// Parses an absolute URL as browsers do: the host in lowercase, dot segments resolved, and `/` for an empty path.
///
/// # Errors
/// Fails unless it is a URL of http or https, without a user.
pub fn absolute(url: &str) -> Result<Uri, &'static str> {
    let mut url = Url::parse(url).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it begins with neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user before its host");
    }
    url.set_fragment(None);
    Uri::try_from(url.as_str()).map_err(|_| "it is not a URL")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::restore;
    use crate::body;

    fn restored(urls: &[&str]) -> Result<String, String> {
        let mut request = Request::get("http://bindings.internal/x");
        for url in urls {
            request = request.header("binding-url", *url);
        }
        match restore(request.body(body::full("")).unwrap()) {
            Ok(request) => {
                assert!(!request.headers().contains_key("binding-url"));
                Ok(request.uri().to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_url_is_the_callers_whole_one_and_its_header_is_gone() {
        for (given, seen) in [
            (
                "https://example.com/a//b?x=%2F",
                "https://example.com/a//b?x=%2F",
            ),
            ("http://Example.COM:8080/A", "http://example.com:8080/A"),
            ("https://x", "https://x/"),
            ("http://x?q", "http://x/?q"),
            ("http://x/y#fragment", "http://x/y"),
            ("http://x/a/./b/../c", "http://x/a/c"),
            ("http://x/../../%2E%2e/a/..", "http://x/"),
            ("http://x/a?up=../b", "http://x/a?up=../b"),
        ] {
            assert_eq!(restored(&[given]).unwrap(), seen, "{given}");
        }
    }

    #[test]
    fn a_value_that_is_not_one_absolute_url_is_refused() {
        for urls in [
            &[][..],
            &["/path"],
            &["x"],
            &[""],
            &["ftp://x/"],
            &["http://user:secret@x/"],
            &["http://:secret@x/"],
            &["http://x/", "http://y/"],
        ] {
            let error = restored(urls).unwrap_err();
            assert!(error.contains("binding-url"), "{urls:?}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
