//! One request: its redirects, the head of its answer, and optionally the whole body.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HOST, LOCATION,
    USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use safelight_net::task::TaskGuard;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::body::{Body, Deadline};
use crate::connect::{Connection, Connector, in_url};
use crate::error::OutgoingError;
use crate::policy::Policy;
use crate::target::{Target, TargetHost};

/// The `User-Agent` of a request that has none.
const DEFAULT_USER_AGENT: &str = concat!("safelight/", env!("CARGO_PKG_VERSION"));

/// The limits of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of bytes of the body, as it is sent.
    pub max_bytes: u64,
    /// Time for resolving the host and connecting to it, anew at every redirect.
    pub connect: Duration,
    /// Total time, to the last byte.
    pub total: Duration,
    /// The maximum number of redirects that are followed.
    pub max_redirects: u8,
}

impl Limits {
    /// Limits of `max_bytes`, 10 s for a connection, 30 s in total and 5 redirects.
    #[must_use]
    pub const fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            max_redirects: 5,
        }
    }
}

/// A GET request.
#[derive(Clone, Debug)]
pub struct Request {
    url: String,
    headers: HeaderMap,
    private: &'static [HeaderName],
}

/// Headers that are sent to the origin of the URL alone by default.
static PRIVATE_HEADERS: [HeaderName; 2] = [AUTHORIZATION, COOKIE];

impl Request {
    /// Makes a request for an absolute URL.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: HeaderMap::new(),
            private: &PRIVATE_HEADERS,
        }
    }

    /// Adds these headers. The client sets `Host` and `Accept-Encoding` itself. `Authorization` and `Cookie` are not sent
    /// to another origin after a redirect.
    #[must_use]
    pub fn with_headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    /// Sends these headers to the origin of the URL alone, instead of the two default ones.
    #[must_use]
    pub fn with_private(self, private: &'static [HeaderName]) -> Self {
        Self { private, ..self }
    }
}

/// An answer whose body is still on its way.
pub struct Answer {
    /// Its URL after all redirects.
    pub url: Url,
    /// Its status. A redirect has been followed already.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
}

/// A successful answer with its whole body.
#[derive(Clone, Debug)]
pub struct BufferedAnswer {
    /// Its URL after all redirects.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub bytes: Bytes,
}

/// A client that reaches only what its policy allows; cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Connector>);

impl Client {
    /// A client that trusts the certificate authorities of the web and goes through no proxy.
    ///
    /// # Errors
    /// Fails when encryption cannot be set up.
    pub fn new(policy: Policy) -> Result<Self, OutgoingError> {
        Ok(Self(Arc::new(Connector::new(policy)?)))
    }

    /// Gets the answer's head, whatever its status; its body is read through [`Answer::body`].
    ///
    /// # Errors
    /// Fails with every [`OutgoingError`] but `Status`; `CutShort` and, mostly, `TooLarge` and `Timeout` come from the body.
    pub async fn get(&self, request: Request, limits: &Limits) -> Result<Answer, OutgoingError> {
        let deadline = Deadline {
            at: Instant::now() + limits.total,
            time: limits.total,
        };
        let answer = self.follow(request, limits, deadline);
        timeout_at(deadline.at, answer)
            .await
            .unwrap_or(Err(OutgoingError::Timeout(limits.total)))
    }

    /// Gets a successful answer as a whole.
    ///
    /// # Errors
    /// Fails with every [`OutgoingError`].
    pub async fn fetch(
        &self,
        request: Request,
        limits: &Limits,
    ) -> Result<BufferedAnswer, OutgoingError> {
        let answer = self.get(request, limits).await?;
        if !answer.status.is_success() {
            return Err(OutgoingError::Status(answer.status));
        }
        Ok(BufferedAnswer {
            url: answer.url,
            headers: answer.headers,
            bytes: answer.body.collect().await?.to_bytes(),
        })
    }

    async fn follow(
        &self,
        request: Request,
        limits: &Limits,
        deadline: Deadline,
    ) -> Result<Answer, OutgoingError> {
        let mut target = Target::parse(&request.url)?;
        let mut headers = request.headers;
        for _ in 0..=limits.max_redirects {
            let connection = self.0.connect(&target, limits.connect).await?;
            let (response, driver) = exchange(connection, &target, headers.clone()).await?;
            if !is_redirect(response.status()) {
                return answer(&target, response, driver, limits.max_bytes, deadline);
            }
            let next = redirect(&target, response.headers())
                .map_err(|error| OutgoingError::InvalidRedirect(Box::new(error)))?;
            if !next.is_same_origin(&target) {
                for name in request.private {
                    headers.remove(name);
                }
            }
            target = next;
        }
        Err(OutgoingError::TooManyRedirects(limits.max_redirects))
    }
}

async fn exchange(
    mut connection: Connection,
    target: &Target,
    headers: HeaderMap,
) -> Result<(http::Response<Incoming>, TaskGuard<()>), OutgoingError> {
    let request = wire_request(target, headers)?;
    let response = connection
        .send(request)
        .await
        .map_err(|error| match error.is_parse() {
            true => OutgoingError::Protocol(error.to_string()),
            false => OutgoingError::CutShort(error.to_string()),
        })?;
    Ok((response, connection.into_guard()))
}

fn wire_request(
    target: &Target,
    headers: HeaderMap,
) -> Result<http::Request<Empty<Bytes>>, OutgoingError> {
    let url = target.url();
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let invalid = || OutgoingError::InvalidUrl("malformed");
    let host = match target.host() {
        TargetHost::Name(name) => name.clone(),
        TargetHost::Address(address) => in_url(*address),
    };
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let mut request = http::Request::new(Empty::new());
    *request.uri_mut() = Uri::try_from(path).map_err(|_| invalid())?;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::try_from(host).map_err(|_| invalid())?);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(DEFAULT_USER_AGENT));
    Ok(request)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

fn redirect(from: &Target, headers: &HeaderMap) -> Result<Target, OutgoingError> {
    let location = headers
        .get(LOCATION)
        .ok_or(OutgoingError::InvalidUrl("there is none"))?;
    let location = location
        .to_str()
        .map_err(|_| OutgoingError::InvalidUrl("not ASCII"))?;
    from.resolve_redirect(location)
}

fn answer(
    target: &Target,
    response: http::Response<Incoming>,
    driver: TaskGuard<()>,
    max_bytes: u64,
    deadline: Deadline,
) -> Result<Answer, OutgoingError> {
    let (head, incoming) = response.into_parts();
    // The headers of an unsuccessful answer do not matter.
    if head.status.is_success() {
        check_success(&head.headers, max_bytes)?;
    }
    Ok(Answer {
        url: target.url().clone(),
        status: head.status,
        headers: head.headers,
        body: Body::new(incoming, max_bytes, deadline, driver),
    })
}

fn check_success(headers: &HeaderMap, max_bytes: u64) -> Result<(), OutgoingError> {
    if let Some(coding) = headers.get(CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
        return Err(OutgoingError::Encoded(coding));
    }
    let promised = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match promised {
        Some(bytes) if bytes > max_bytes => Err(OutgoingError::TooLarge(max_bytes)),
        Some(_) | None => Ok(()),
    }
}
