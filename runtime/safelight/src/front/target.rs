//! The absolute URI of a request, from its target and its Host header.

use std::net::SocketAddr;

use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri, Version};

use super::refusal::Refusal;

/// The port of a URL that names none.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Returns the request's absolute URI: over HTTP/1 the host is only in a header, which guests do not see.
///
/// # Errors
/// Fails when the request names no host, a malformed one, or two.
pub(super) fn absolute_uri(head: &Parts, local: Option<SocketAddr>) -> Result<Uri, Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => Some(authority(host)?),
        (Some(_), Some(_)) => {
            return Err(Refusal::BadRequest("there is more than one Host header"));
        }
    };
    let Some(own) = head.uri.authority() else {
        let host = match named {
            Some(host) => Some(host),
            None if head.version <= Version::HTTP_10 => {
                local.and_then(|local| Authority::try_from(local.to_string()).ok())
            }
            None => None,
        };
        return with_host(head.uri.clone(), host.ok_or(NO_HOST)?);
    };
    if own.as_str().contains('@') {
        return Err(NO_HOST);
    }
    if let Some(named) = named {
        let default = match head.uri.scheme() == Some(&Scheme::HTTPS) {
            true => HTTPS_PORT,
            false => HTTP_PORT,
        };
        let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
        if !own.host().eq_ignore_ascii_case(named.host()) || port(own) != port(&named) {
            return Err(Refusal::BadRequest(
                "the target of the request and its Host header name different hosts",
            ));
        }
    }
    Ok(head.uri.clone())
}

const NO_HOST: Refusal = Refusal::BadRequest("the Host header is missing or malformed");

/// The host of a header, which names no user.
fn authority(host: &HeaderValue) -> Result<Authority, Refusal> {
    let host = Authority::try_from(host.as_bytes()).ok();
    host.filter(|host| !host.as_str().contains('@'))
        .ok_or(NO_HOST)
}

fn with_host(uri: Uri, host: Authority) -> Result<Uri, Refusal> {
    let mut uri = uri.into_parts();
    uri.authority = Some(host);
    uri.scheme = Some(Scheme::HTTP);
    uri.path_and_query
        .get_or_insert(PathAndQuery::from_static("/"));
    Uri::from_parts(uri).map_err(|_| Refusal::BadRequest("the target of the request is not a path"))
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::absolute_uri;
    use crate::front::refusal::Refusal;

    /// The absolute URI of a request with these Host headers, or the reason of its refusal.
    fn uri(version: Version, target: &str, hosts: &[&str]) -> Result<String, &'static str> {
        let mut request = Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        let head = request.body(()).unwrap().into_parts().0;
        match absolute_uri(&head, Some("127.0.0.1:8787".parse().unwrap())) {
            Ok(uri) => Ok(uri.to_string()),
            Err(Refusal::BadRequest(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_host_is_that_of_the_target_or_of_the_header() {
        let (old, one, two) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
        for (version, target, hosts, expected) in [
            (one, "/a?b", &["x:1"][..], "http://x:1/a?b"),
            (one, "http://x:1/a", &["x:1"], "http://x:1/a"),
            (one, "http://X/a", &["x:80"], "http://X/a"),
            (one, "https://x/a", &["x:443"], "https://x/a"),
            (two, "http://x/a", &[], "http://x/a"),
            (two, "http://x/a", &["x"], "http://x/a"),
            (two, "/a", &["x"], "http://x/a"),
            (old, "/a", &[], "http://127.0.0.1:8787/a"),
        ] {
            let found = uri(version, target, hosts);
            assert_eq!(found.as_deref(), Ok(expected), "{target} {hosts:?}");
        }
    }

    #[test]
    fn a_request_that_names_no_host_or_two_is_refused() {
        let one = Version::HTTP_11;
        for (target, hosts, why) in [
            ("/", &[][..], "missing"),
            ("/", &[""], "malformed"),
            ("/", &["a b"], "malformed"),
            ("/", &["user@x"], "malformed"),
            ("http://user@x/", &["x"], "malformed"),
            ("/", &["x", "x"], "more than one"),
            ("http://x/", &["x", "y"], "more than one"),
            ("http://x/", &["y"], "different hosts"),
            ("http://x/", &["x:81"], "different hosts"),
            ("https://x/", &["x:80"], "different hosts"),
        ] {
            let found = uri(one, target, hosts).unwrap_err();
            assert!(found.contains(why), "{target} {hosts:?}: {found}");
        }
        let two = uri(Version::HTTP_2, "http://x/", &["y"]).unwrap_err();
        assert!(two.contains("different hosts"), "{two}");
    }
}
