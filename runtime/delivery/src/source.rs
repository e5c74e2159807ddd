//! Fetches sources from the worker or from another host.

mod host;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, StatusCode, Uri};
use safelight_config::{MAX_SOURCE_BYTES, SourceTimeouts};
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::head::content_length;
use safelight_hop::inject::HopFaults;
use safelight_hop::{
    BindingService, Body, Call, HopService, RequestContext, SOURCE_HOP, body, layered,
};
use safelight_outgoing::target::Target;
use safelight_outgoing::{Client, Limits, OutgoingError};
use safelight_protocol::paths::{IMAGE_URL_PREFIX, PLATFORM_PREFIX};
use tower::{ServiceExt as _, service_fn};

use self::host::fetch_host;
use crate::error::{DeliveryError, ErrorKind, source_status_error, with_source_hop};
use crate::subrequest::is_same_zone;

pub use self::host::{CREDENTIALS, FetchError, broken_part_error};

/// Maximum number of redirects that are followed.
const MAX_REDIRECTS: u8 = 5;

/// Fetches sources.
#[derive(Clone)]
pub struct Sources {
    worker: Option<BindingService>,
    hosts: Hosts,
}

/// The way to other hosts.
#[derive(Clone)]
struct Hosts {
    client: Client,
    time: SourceTimeouts,
    faults: HopFaults,
}

/// A source's response.
pub struct FetchedSource {
    /// The response, which is a success.
    pub response: http::Response<Body>,
    /// The error of the host, if it ends the response's body.
    pub error: FetchError,
    /// Time until the head arrived.
    pub time: Duration,
}

impl Sources {
    /// Fetches from the hosts that `client` reaches, within `time`. `faults` apply to the hop.
    pub fn remote(client: Client, time: SourceTimeouts, faults: Arc<FaultSet>) -> Self {
        Self {
            worker: None,
            hosts: Hosts {
                client,
                time,
                faults: HopFaults::new(Hop::source(), faults),
            },
        }
    }

    /// Adds the URLs that the worker itself serves. `worker` is the service that answers them.
    #[must_use]
    pub fn with_worker(self, worker: impl HopService, faults: Arc<FaultSet>) -> Self {
        Self {
            worker: Some(layered(worker, HopFaults::new(Hop::source(), faults))),
            ..self
        }
    }

    /// Fetches a URL of the worker's own host: from a public bucket, a static file or the worker. Follows redirects,
    /// also to other hosts.
    ///
    /// # Errors
    /// When the response is not a success.
    pub async fn fetch_worker(
        &self,
        mut url: Uri,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<FetchedSource, DeliveryError> {
        let started = Instant::now();
        let Some(worker) = &self.worker else {
            return Err(DeliveryError::internal("there is no worker to ask"));
        };
        for left in (0..=MAX_REDIRECTS).rev() {
            check_path(&url)?;
            let answer = send(worker, url.clone(), headers, context).await?;
            if !is_redirect(answer.status()) {
                return require_success(answer, FetchError::default(), started);
            }
            let next = redirect_target(&url, answer.headers())?;
            let Some(left) = left.checked_sub(1) else {
                break;
            };
            if !is_same_zone(&next, &url) {
                return self.fetch_remote_within(next, left, headers, context).await;
            }
            url = next;
        }
        Err(DeliveryError::from(&OutgoingError::TooManyRedirects(
            MAX_REDIRECTS,
        )))
    }

    /// Fetches a URL of another host.
    ///
    /// # Errors
    /// When the response is not a success.
    pub async fn fetch_remote(
        &self,
        url: &str,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<FetchedSource, DeliveryError> {
        let url = url.parse::<Uri>().map_err(|error| bad_url(&error))?;
        self.fetch_remote_within(url, MAX_REDIRECTS, headers, context)
            .await
    }

    /// Fetches a URL of another host and follows at most so many redirects.
    async fn fetch_remote_within(
        &self,
        url: Uri,
        redirects: u8,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<FetchedSource, DeliveryError> {
        let started = Instant::now();
        let Hosts {
            client,
            time,
            faults,
        } = self.hosts.clone();
        let limits = Limits {
            max_redirects: redirects,
            connect: time.connect,
            total: time.total,
            ..Limits::new(MAX_SOURCE_BYTES)
        };
        let error = FetchError::default();
        let host = {
            let error = error.clone();
            service_fn(move |call: Call| {
                fetch_host(client.clone(), limits, error.clone(), call.request)
            })
        };
        let answer = send(&layered(host, faults), url, headers, context).await?;
        if let Some(error) = error.get() {
            return Err(DeliveryError::from(error));
        }
        require_success(answer, error, started)
    }
}

/// Refuses the paths of the platform, which no worker answers, and the results of transformations.
fn check_path(url: &Uri) -> Result<(), DeliveryError> {
    if url.path().starts_with(IMAGE_URL_PREFIX) {
        let text = with_source_hop("the source is the result of a transformation");
        return Err(DeliveryError::new(ErrorKind::Loop, text));
    }
    if url.path().starts_with(PLATFORM_PREFIX) {
        let text = format!("{} is not the worker's to answer", url.path());
        return Err(DeliveryError::new(
            ErrorKind::NotFound,
            with_source_hop(&text),
        ));
    }
    Ok(())
}

fn bad_url(error: &dyn std::error::Error) -> DeliveryError {
    DeliveryError::new(ErrorKind::BadUrl, with_source_hop(&error.to_string()))
}

async fn send(
    service: &BindingService,
    url: Uri,
    headers: &HeaderMap,
    context: &Arc<RequestContext>,
) -> Result<http::Response<Body>, DeliveryError> {
    let mut request = http::Request::new(body::full(""));
    *request.uri_mut() = url;
    *request.headers_mut() = headers.clone();
    let call = Call::new(SOURCE_HOP.into(), request, context.clone());
    let answer = service.clone().oneshot(call).await;
    answer.map_err(|error| DeliveryError::from_hop(SOURCE_HOP, &error))
}

fn require_success(
    response: http::Response<Body>,
    error: FetchError,
    started: Instant,
) -> Result<FetchedSource, DeliveryError> {
    if !response.status().is_success() {
        return Err(source_status_error(response.status()));
    }
    // No stage decodes a content coding, so the images process would get compressed bytes.
    if let Some(coding) = response.headers().get(CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
        return Err(DeliveryError::from(&OutgoingError::Encoded(coding)));
    }
    let length = content_length(response.headers()).ok().flatten();
    if length.is_some_and(|bytes| bytes > MAX_SOURCE_BYTES) {
        return Err(DeliveryError::from(&OutgoingError::TooLarge(
            MAX_SOURCE_BYTES,
        )));
    }
    Ok(FetchedSource {
        response,
        error,
        time: started.elapsed(),
    })
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The target of the worker's redirect. It obeys the same rules as a redirect of another host.
fn redirect_target(from: &Uri, headers: &HeaderMap) -> Result<Uri, DeliveryError> {
    let invalid = |why: &str| DeliveryError::new(ErrorKind::BadRedirect, with_source_hop(why));
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| invalid("a redirect without a target"))?;
    let next = Target::parse(&from.to_string()).and_then(|from| from.resolve_redirect(location));
    let next = next.map_err(|error| invalid(&format!("invalid redirect: {error}")))?;
    next.url()
        .as_str()
        .parse()
        .map_err(|_| invalid("a redirect to what is not a URL"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};
    use http::{HeaderMap, HeaderName, Response, Uri};

    use safelight_hop::body;

    use super::{FetchError, check_path, redirect_target, require_success};

    fn number(name: HeaderName, value: &str) -> Result<(), u16> {
        let response = Response::builder().header(name, value);
        let response = response.body(body::full("")).unwrap();
        let fetched = require_success(response, FetchError::default(), Instant::now());
        fetched.map(|_| ()).map_err(|error| error.kind.number())
    }

    #[test]
    fn a_source_is_not_encoded_again_and_not_larger_than_can_be() {
        assert_eq!(number(CONTENT_ENCODING, "gzip"), Err(9412));
        assert_eq!(number(CONTENT_ENCODING, "Identity"), Ok(()));
        assert_eq!(number(CONTENT_LENGTH, "100000000"), Ok(()));
        assert_eq!(number(CONTENT_LENGTH, "100000001"), Err(9402));
    }

    #[test]
    fn a_path_of_the_platform_is_no_source() {
        for (path, expected) in [
            ("/photos/a.jpg", Ok(())),
            ("/cdn-cgi", Ok(())),
            ("/a/cdn-cgi/image/x/y", Ok(())),
            ("/cdn-cgi/image/w=8/a.jpg", Err(9403)),
            ("/cdn-cgi/safelight/trace", Err(9404)),
            ("/cdn-cgi/", Err(9404)),
        ] {
            let url = Uri::try_from(format!("http://a.test{path}")).unwrap();
            let found = check_path(&url).map_err(|error| error.kind.number());
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn a_redirect_is_read_against_the_url_that_was_asked() {
        let from = Uri::from_static("http://a.test/b/c");
        for (location, expected) in [
            ("d#e", Ok("http://a.test/b/d")),
            ("../../../d", Ok("http://a.test/d")),
            ("//b.test/d", Ok("http://b.test/d")),
            ("file:///etc/passwd", Err(9420)),
            ("ftp://b.test/d", Err(9420)),
            ("http://user@b.test/d", Err(9420)),
            ("/\\b.test/d", Err(9420)),
            ("http://", Err(9420)),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            let next = redirect_target(&from, &headers).map(|url| url.to_string());
            let next = next.map_err(|error| error.kind.number());
            assert_eq!(next, expected.map(str::to_owned), "{location}");
        }
        assert!(redirect_target(&from, &HeaderMap::new()).is_err());
    }
}
