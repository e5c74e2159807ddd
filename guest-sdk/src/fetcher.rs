//! Bindings that answer requests as a website does: another worker, or a folder of assets.

mod redirect;

use http::{HeaderName, HeaderValue};
use safelight_protocol::fetcher::URL_HEADER;

use crate::{Body, Error, Response, Result, fetch::send};

/// Another worker, handed out by [`Env::service`](crate::Env::service), or the worker's static files, by
/// [`Env::assets`](crate::Env::assets).
#[derive(Clone, Debug)]
pub struct Fetcher {
    address: String,
}

impl Fetcher {
    pub(crate) fn new(address: String) -> Self {
        Self { address }
    }

    /// Sends a request and returns as soon as the head of its answer is there. Its URL must be absolute.
    ///
    /// Another worker sees the request unchanged, with its whole URL, whatever host that names. No request reaches a network.
    /// Assets are selected by the path of the URL alone. Any status is an answer, and so is a redirect: only
    /// [`follow`](Self::follow) follows redirects. Bodies are streamed both ways, as by [`fetch()`](crate::fetch()).
    ///
    /// ```no_run
    /// use safelight_sdk::{Context, Env, Request, Response, Result};
    ///
    /// async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    ///     let check = http::Request::get("https://auth/check").body(())?;
    ///     let checked = env.service("AUTH")?.fetch(check).await?;
    ///     if !checked.status().is_success() {
    ///         return Ok(checked);
    ///     }
    ///     env.assets("ASSETS")?.fetch(request).await
    /// }
    /// # use safelight_sdk::http;
    /// ```
    ///
    /// # Errors
    /// Fails with [`Error::Unsendable`] when the URL is not absolute or the host refuses a header, with [`Error::Http`] when
    /// there is no answer, because the other worker failed or too many workers wait for each other, and with the error of the
    /// request's body when that broke first.
    pub async fn fetch<B: Into<Body>>(&self, request: http::Request<B>) -> Result<Response> {
        let request = addressed(&self.address, request.map(Into::into))?;
        Ok(send(request).await?)
    }

    /// Sends a request as [`fetch`](Self::fetch) does, and follows up to 20 redirects, all through this binding, whatever host
    /// they name.
    ///
    /// A POST becomes a GET at 301, 302 and 303, a body is sent once, and `Authorization` stays with its host, as on the
    /// platform. An answer without a redirect is returned as it is.
    ///
    /// # Errors
    /// Fails as [`fetch`](Self::fetch) does; and with [`Error::Unsendable`] for a further redirect, for a redirect whose target
    /// is no URL, and for a redirect that needs the body again.
    pub async fn follow<B: Into<Body>>(&self, request: http::Request<B>) -> Result<Response> {
        let (mut parts, body) = request.into_parts();
        let mut body = body.into().with_known_length().await?;
        let bytes = body.length();
        for _ in 0..=redirect::MAX_REDIRECTS {
            let request = http::Request::from_parts(parts.clone(), body);
            let response = self.fetch(request).await?;
            let (status, headers) = (response.status(), response.headers());
            if !redirect::follow(&mut parts, status, headers, bytes)? {
                return Ok(response);
            }
            body = Body::empty();
        }
        let text = format!("more than {} redirects", redirect::MAX_REDIRECTS);
        Err(Error::Unsendable(text))
    }
}

/// Readdresses a request to a binding. Its own URL moves to a header; its path stays in the new URL, for logs.
fn addressed(address: &str, request: http::Request<Body>) -> Result<http::Request<Body>> {
    let (mut parts, body) = request.into_parts();
    let uri = &parts.uri;
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err(Error::Unsendable(format!(
            "the URL {uri} has no scheme and host"
        )));
    }
    let url = HeaderValue::from_bytes(uri.to_string().as_bytes()).map_err(http::Error::from)?;
    let seen = format!("{address}{}", uri.path());
    parts.uri = seen.parse().map_err(http::Error::from)?;
    let name = HeaderName::from_static(URL_HEADER);
    parts.headers.insert(name, url);
    Ok(http::Request::from_parts(parts, body))
}

#[cfg(test)]
mod tests {
    use super::addressed;
    use crate::Body;

    const ADDRESS: &str = "http://bindings.internal/AUTH";

    fn request(url: &str) -> http::Request<Body> {
        http::Request::get(url).body(Body::empty()).unwrap()
    }

    #[test]
    fn the_url_travels_whole_and_the_path_is_seen() {
        let request = addressed(ADDRESS, request("https://example.com/a/b?q=%2F")).unwrap();
        assert_eq!(request.uri(), "http://bindings.internal/AUTH/a/b");
        let header = &request.headers()["binding-url"];
        assert_eq!(header, "https://example.com/a/b?q=%2F");
    }

    #[test]
    fn a_request_that_is_passed_on_a_second_time_has_one_url() {
        let mut request = request("https://second/");
        let first = http::HeaderValue::from_static("https://first/");
        request.headers_mut().insert("binding-url", first);
        let request = addressed(ADDRESS, request).unwrap();
        let all: Vec<_> = request.headers().get_all("binding-url").iter().collect();
        assert_eq!(all, ["https://second/"]);
    }

    #[test]
    fn a_url_that_is_not_absolute_is_refused() {
        let error = addressed(ADDRESS, request("/path")).unwrap_err();
        assert_eq!(error.to_string(), "the URL /path has no scheme and host");
    }
}
