//! Requests that a worker makes.

use http::{Method, request::Parts};
use wasip3::http::{
    client,
    types::{self, ErrorCode},
};

use crate::{
    Body, Error, Response, Result,
    body::{Fault, Outgoing},
    headers, response,
};

/// Sends a request to another host and returns as soon as the head of its answer is there.
///
/// A body that came from outside and has not been read is passed on without entering the worker. The upload may
/// go on while the answer is read; it stops when the answer is dropped.
///
/// ```no_run
/// # async fn example() -> safelight_sdk::Result<()> {
/// let request = safelight_sdk::http::Request::get("http://example.com/").body(())?;
/// let answer = safelight_sdk::fetch(request).await?;
/// let page = answer.into_body().text(64 * 1024).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Unsendable`] when the URL is not absolute or the host refuses a header; [`Error::Http`] when there
/// is no answer; and the error of the request's body when that broke first.
pub async fn fetch<B: Into<Body>>(request: http::Request<B>) -> Result<Response> {
    match send(request.map(Into::into)).await {
        Ok(response) => Ok(response),
        Err(Unanswered::Error(error)) => Err(error),
        Err(Unanswered::Host(code)) => Err(Error::Http(code)),
    }
}

/// Why a request got no answer.
pub(crate) enum Unanswered {
    /// It could not be made, or its body broke.
    Error(Error),
    /// The host could not send it, or the connection failed.
    Host(ErrorCode),
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Sends a request, and tells the host's errors from our own.
pub(crate) async fn send(request: http::Request<Body>) -> Result<Response, Unanswered> {
    let (mut parts, body) = request.into_parts();
    if body.length() != Some(0) || expects_content(&parts.method) {
        headers::declare_length(&mut parts.headers, &body)?;
    }
    let (raw, fault) = into_wasi(&parts, body)?;
    match client::send(raw).await {
        Ok(raw) => response::from_wasi(raw, &parts.method).map_err(Unanswered::Host),
        // A broken source explains why there is no answer better than the connection that was cut for it.
        Err(code) => Err(fault
            .take()
            .map_or(Unanswered::Host(code), Unanswered::Error)),
    }
}

/// Where the length says something even if it is 0 (RFC 9110, section 8.6).
fn expects_content(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn into_wasi(parts: &Parts, body: Body) -> Result<(types::Request, Fault)> {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(Error::Unsendable(format!(
            "the URL {uri} has no scheme and host"
        )));
    };
    let fields = headers::into_wasi(headers)?;
    let Outgoing {
        contents,
        trailers,
        fault,
    } = Outgoing::start(body);
    let (raw, _sent) = types::Request::new(fields, contents, trailers, None);
    let refused =
        |what: &str| Error::Unsendable(format!("the host refuses the {what} of {method} {uri}"));
    raw.set_method(&method.into())
        .map_err(|()| refused("method"))?;
    raw.set_scheme(Some(&scheme.into()))
        .map_err(|()| refused("scheme"))?;
    raw.set_authority(Some(authority.as_str()))
        .map_err(|()| refused("host"))?;
    let path = uri.path_and_query().map(|path| path.as_str());
    raw.set_path_with_query(path)
        .map_err(|()| refused("path"))?;
    Ok((raw, fault))
}
