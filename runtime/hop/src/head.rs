//! The heads of messages: the body that a head announces (RFC 9112, section 6.3), and requests in origin form.

use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};

use crate::body::Body;
use crate::error::HopError;

/// The value of `Content-Length` is not a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentLengthError;

/// Reads `Content-Length`, if the head has it.
///
/// # Errors
/// Fails when the value is not a number of bytes.
pub fn content_length(headers: &HeaderMap) -> Result<Option<u64>, ContentLengthError> {
    let Some(value) = headers.get(CONTENT_LENGTH) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| ContentLengthError)?;
    text.parse().map(Some).map_err(|_| ContentLengthError)
}

/// Returns whether a response to a request of this method has no body, whatever its headers announce.
///
/// A response with status 205 must not have a body either, but its framing allows one, so a receiver reads it.
#[must_use]
pub fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Converts a request to origin form: HTTP/1.1, with the path and the query as its target and `host` in its header.
///
/// # Errors
/// Fails when the path and the query are no target of their own.
pub fn origin_form(request: Request<Body>, host: HeaderValue) -> Result<Request<Body>, HopError> {
    let (mut parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    // A URL may have a query and no path; a target may not.
    let slash = if target.starts_with('/') { "" } else { "/" };
    parts.uri = Uri::try_from(format!("{slash}{target}")).map_err(|_| HopError::InvalidUri)?;
    parts.version = Version::HTTP_11;
    parts.headers.insert(HOST, host);
    Ok(Request::from_parts(parts, body))
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_LENGTH, HOST};
    use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version};

    use super::{ContentLengthError, content_length, is_bodiless, origin_form};
    use crate::body;

    #[test]
    fn the_origin_form_has_the_path_as_its_target_and_the_host_in_its_header() {
        for (url, target) in [
            ("http://a.test:8080/b/c?d=%2F", "/b/c?d=%2F"),
            ("https://a.test", "/"),
            ("https://a.test?d", "/?d"),
        ] {
            let request = Request::get(url).version(Version::HTTP_2);
            let request = request.header(HOST, "of the guest").body(body::full(""));
            let host = HeaderValue::from_static("a.test:8080");
            let request = origin_form(request.unwrap(), host.clone()).unwrap();
            assert_eq!(request.uri(), target);
            assert_eq!(request.version(), Version::HTTP_11);
            let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
            assert_eq!(hosts, [host]);
        }
    }

    #[test]
    fn a_length_is_read_missing_or_malformed() {
        let read = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            content_length(&HeaderMap::from_iter([(CONTENT_LENGTH, value)]))
        };
        assert_eq!(content_length(&HeaderMap::new()), Ok(None));
        assert_eq!(read("0"), Ok(Some(0)));
        assert_eq!(read("34140"), Ok(Some(34_140)));
        for malformed in ["", "-1", "1, 1", "1x", "18446744073709551616"] {
            assert_eq!(read(malformed), Err(ContentLengthError), "{malformed:?}");
        }
    }

    #[test]
    fn a_method_or_a_status_excludes_a_body() {
        for (method, status, bodiless) in [
            (Method::HEAD, StatusCode::OK, true),
            (Method::GET, StatusCode::NO_CONTENT, true),
            (Method::GET, StatusCode::NOT_MODIFIED, true),
            (Method::GET, StatusCode::RESET_CONTENT, false),
            (Method::GET, StatusCode::OK, false),
            (Method::POST, StatusCode::NOT_FOUND, false),
        ] {
            assert_eq!(is_bodiless(&method, status), bodiless, "{method} {status}");
        }
    }
}
