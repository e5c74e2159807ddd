//! Requests that a worker makes.

use http::{HeaderName, HeaderValue, Method, request::Parts};
use safelight_protocol::{ImageOptions, extension::CF_IMAGE_HEADER};
use wasip3::http::{
    client,
    types::{self, ErrorCode},
};

use crate::{
    Body, Error, Response, Result,
    body::{Outgoing, SendFailure},
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
/// Fails with [`Error::Unsendable`] when the URL is not absolute or the host refuses a header, with [`Error::Http`] when
/// there is no answer, and with the error of the request's body when that broke first.
pub async fn fetch<B: Into<Body>>(request: http::Request<B>) -> Result<Response> {
    Ok(send(request.map(Into::into)).await?)
}

/// A request to another host for a picture that is transformed on its way, `cf.image` on the platform.
///
/// An answer whose picture cannot be transformed has an error status and `cf-resized: err=…`, as on the platform. Check
/// the status, and fetch the original without [`Fetch::image`] where that is wanted.
///
/// ```no_run
/// # async fn example() -> safelight_sdk::Result<safelight_sdk::Response> {
/// use safelight_sdk::{Fetch, FetchFormat, ImageOptions};
///
/// let options = ImageOptions::new().width(800).format(FetchFormat::Webp);
/// Fetch::new("https://example.com/photo.jpg").image(options).send().await
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Fetch {
    url: String,
    headers: Vec<(String, String)>,
    image: Option<ImageOptions>,
}

impl Fetch {
    /// A GET of an absolute URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            image: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Transforms the picture on its way.
    pub fn image(mut self, options: ImageOptions) -> Self {
        self.image = Some(options);
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    /// Fails as [`fetch()`] does.
    pub async fn send(self) -> Result<Response> {
        let mut request = http::Request::get(&self.url)
            .body(Body::empty())
            .map_err(|error| Error::Unsendable(format!("the URL {}: {error}", self.url)))?;
        let unsendable = |name: &str| Error::Unsendable(format!("the header {name} is malformed"));
        for (name, value) in &self.headers {
            let header = HeaderName::try_from(name.as_str()).map_err(|_| unsendable(name))?;
            let value = HeaderValue::try_from(value.as_str()).map_err(|_| unsendable(name))?;
            request.headers_mut().append(header, value);
        }
        if let Some(options) = &self.image {
            let options = serde_json::to_vec(options).map_err(Error::other)?;
            let value =
                HeaderValue::from_bytes(&options).map_err(|_| unsendable(CF_IMAGE_HEADER))?;
            request.headers_mut().insert(CF_IMAGE_HEADER, value);
        }
        fetch(request).await
    }
}

/// The reason for which a request has no answer.
pub(crate) enum SendError {
    /// The request could not be made, or its body broke.
    Error(Error),
    /// The host could not send it, or the connection failed.
    Host(ErrorCode),
}

impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Error(error) => error,
            SendError::Host(code) => Self::Http(code),
        }
    }
}

/// Sends a request, and keeps the host's errors apart from the SDK's.
pub(crate) async fn send(request: http::Request<Body>) -> Result<Response, SendError> {
    let (mut parts, body) = request.into_parts();
    if body.length() != Some(0) || expects_content(&parts.method) {
        headers::declare_length(&mut parts.headers, &body)?;
    }
    let (raw, failure) = into_wasi(&parts, body)?;
    match client::send(raw).await {
        Ok(raw) => response::from_wasi(raw, &parts.method).map_err(SendError::Host),
        // A broken source explains why there is no answer better than the connection that was cut for it.
        Err(code) => Err(failure
            .take()
            .map_or(SendError::Host(code), SendError::Error)),
    }
}

/// Returns whether a request of this method declares a length even if that is 0 (RFC 9110, section 8.6).
fn expects_content(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn into_wasi(parts: &Parts, body: Body) -> Result<(types::Request, SendFailure)> {
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
        failure,
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
    Ok((raw, failure))
}
