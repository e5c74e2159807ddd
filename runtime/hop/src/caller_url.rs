//! The URL that a call of a service or of assets was written with, which is not the one by which it reached the host.

use http::{HeaderName, Uri};
use safelight_protocol::fetcher::URL_HEADER;
use url::Url;

use crate::body::Body;
use crate::error::HopError;

/// Takes the URL out of its header and makes it the request's own.
///
/// # Errors
/// When there is none, more than one, or it is not an absolute URL of http or https.
pub fn restore(request: http::Request<Body>) -> Result<http::Request<Body>, HopError> {
    let (mut parts, body) = request.into_parts();
    let wrong = |what: &str| {
        HopError::Service(format!(
            "the header {URL_HEADER} must hold the absolute URL of the call: {what}"
        ))
    };
    let name = HeaderName::from_static(URL_HEADER);
    let mut given = parts.headers.get_all(&name).iter();
    let url = match (given.next(), given.next()) {
        (Some(url), None) => url.to_str().map_err(|_| wrong("it is not a URL"))?,
        (None, _) => return Err(wrong("it is missing")),
        (Some(_), Some(_)) => return Err(wrong("there are several")),
    };
    parts.uri = absolute(url).map_err(wrong)?;
    parts.headers.remove(&name);
    // What the layers noted is about the hop, and ends with it.
    parts.extensions.clear();
    Ok(http::Request::from_parts(parts, body))
}

/// The URL as a worker sees it, which is as browsers read one: names of hosts have no case, dot segments are resolved, and a URL
/// without a path is that of the root.
fn absolute(url: &str) -> Result<Uri, &'static str> {
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
    fn what_is_no_absolute_url_is_refused() {
        for urls in [
            &[][..],
            &["/path"],
            &["x"],
            &[""],
            &["ftp://x/"],
            &["http://user:secret@x/"],
            &["http://x/", "http://y/"],
        ] {
            let error = restored(urls).unwrap_err();
            assert!(error.contains("binding-url"), "{urls:?}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
