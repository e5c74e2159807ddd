//! The request that follows a redirect: its URL, its method and its headers (Fetch, section 4.4).

use http::{
    HeaderMap, HeaderName, Method, StatusCode, Uri,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
        CONTENT_TYPE, LOCATION,
    },
    request::Parts,
};

use crate::{Error, Result};

/// The maximum number of redirects that one request follows.
pub(super) const MAX_REDIRECTS: usize = 20;

/// Headers that describe a body. They are dropped together with it.
const CONTENT_HEADERS: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// Changes a request to the one that its answer redirects to. Returns `false` for an answer that is no redirect.
///
/// `body` is the length of the request's body in bytes, where that is known. The first request has used the body up.
pub(super) fn follow(
    request: &mut Parts,
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<u64>,
) -> Result<bool> {
    let Some(location) = headers.get(LOCATION) else {
        return Ok(false);
    };
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        StatusCode::SEE_OTHER => !matches!(request.method, Method::GET | Method::HEAD),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return Ok(false),
    };
    if becomes_get {
        request.method = Method::GET;
        for name in CONTENT_HEADERS {
            request.headers.remove(name);
        }
    } else if body != Some(0) {
        let text =
            format!("the redirect {status} asks for the request's body again, which is gone");
        return Err(Error::Unsendable(text));
    }
    let text = location.to_str().ok();
    let next = text.and_then(|text| resolve(&request.uri, text));
    let next = next.ok_or_else(|| {
        Error::Unsendable(format!(
            "the redirect {status} leads to {location:?}, which is no URL"
        ))
    })?;
    let origin = |url: &Uri| (url.scheme().cloned(), url.authority().cloned());
    if origin(&next) != origin(&request.uri) {
        request.headers.remove(AUTHORIZATION);
    }
    request.uri = next;
    Ok(true)
}

/// Resolves a reference against a URL, without its fragment. The receiver of the URL normalises its dots.
fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let origin = format!("{}://{}", base.scheme_str()?, base.authority()?);
    let whole = if reference.is_empty() {
        base.to_string()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{}://{rest}", base.scheme_str()?)
    } else if reference.starts_with('/') {
        format!("{origin}{reference}")
    } else if reference.starts_with('?') {
        format!("{origin}{}{reference}", base.path())
    } else if has_scheme(reference) {
        reference.to_owned()
    } else {
        let folder = base
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        format!("{origin}{folder}/{reference}")
    };
    let url: Uri = whole.parse().ok()?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    (is_http && url.authority().is_some()).then_some(url)
}

fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else {
        return false;
    };
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(inside)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Request, StatusCode, header::LOCATION, request::Parts};

    use super::follow;

    fn request(method: Method) -> Parts {
        let request = Request::builder()
            .method(method)
            .uri("https://a.test/b/c?d=e")
            .header("content-type", "text/plain")
            .header("authorization", "Basic x")
            .header("cookie", "a=b");
        request.body(()).unwrap().into_parts().0
    }

    fn to(location: &str) -> HeaderMap {
        HeaderMap::from_iter([(LOCATION, location.parse().unwrap())])
    }

    #[test]
    fn a_location_is_read_against_the_url_that_was_asked() {
        for (location, expected) in [
            ("https://b.test:8/x?y", "https://b.test:8/x?y"),
            ("//b.test/x", "https://b.test/x"),
            ("/x?y#z", "https://a.test/x?y"),
            ("x/../y", "https://a.test/b/x/../y"),
            ("?y", "https://a.test/b/c?y"),
            ("#z", "https://a.test/b/c?d=e"),
            ("x?u=http://y", "https://a.test/b/x?u=http://y"),
        ] {
            let mut parts = request(Method::GET);
            assert!(follow(&mut parts, StatusCode::FOUND, &to(location), Some(0)).unwrap());
            assert_eq!(parts.uri, expected, "{location}");
        }
        for location in [
            "file:///etc/passwd",
            "data:text/plain,x",
            "http://",
            "http:x",
        ] {
            let mut parts = request(Method::GET);
            assert!(
                follow(&mut parts, StatusCode::FOUND, &to(location), Some(0)).is_err(),
                "{location}"
            );
        }
    }

    #[test]
    fn a_form_becomes_a_page_and_nothing_else_loses_its_method() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (302, Method::PUT, Method::PUT),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::DELETE, Method::DELETE),
        ] {
            let mut parts = request(method.clone());
            let status = StatusCode::from_u16(status).unwrap();
            assert!(follow(&mut parts, status, &to("/x"), Some(0)).unwrap());
            assert_eq!(parts.method, expected, "{status} {method}");
            let kept = parts.headers.contains_key("content-type");
            assert_eq!(kept, method == expected, "{status} {method}");
        }
    }

    #[test]
    fn a_body_is_sent_once() {
        let mut parts = request(Method::POST);
        let error = follow(&mut parts, StatusCode::TEMPORARY_REDIRECT, &to("/x"), None);
        assert!(error.unwrap_err().to_string().contains("body again"));
        assert!(follow(&mut parts, StatusCode::SEE_OTHER, &to("/x"), None).unwrap());
    }

    #[test]
    fn only_authorization_stays_behind_when_the_host_changes() {
        for (location, stays) in [
            ("/x", true),
            ("https://b.test/", false),
            ("//a.test:8/", false),
        ] {
            let mut parts = request(Method::GET);
            follow(&mut parts, StatusCode::FOUND, &to(location), Some(0)).unwrap();
            assert_eq!(
                parts.headers.contains_key("authorization"),
                stays,
                "{location}"
            );
            assert!(parts.headers.contains_key("cookie"));
        }
    }

    #[test]
    fn an_answer_that_is_no_redirect_is_returned() {
        let mut parts = request(Method::GET);
        for status in [200, 201, 300, 304, 404] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(!follow(&mut parts, status, &to("/x"), Some(0)).unwrap());
        }
        let nowhere = HeaderMap::new();
        assert!(!follow(&mut parts, StatusCode::FOUND, &nowhere, Some(0)).unwrap());
    }
}
