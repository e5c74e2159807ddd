//! Gets a picture from a worker or from another host.

mod host;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, StatusCode, Uri};
use safelight_config::{MAX_SOURCE_BYTES, SourceTime};
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::inject::HopFaults;
use safelight_hop::{
    BindingService, Body, Call, HopService, RequestContext, SOURCE_HOP, body, layered,
};
use safelight_outgoing::target::Target;
use safelight_outgoing::{Client, OutgoingError};
use safelight_protocol::paths::{IMAGE_URL_PREFIX, PLATFORM_PREFIX};
use tower::{ServiceExt as _, service_fn};

use self::host::{FetchError, Redirects, ask_host};
use crate::failure::{Code, Failure, in_source, of_status};
use crate::request::content_length;
use crate::subrequest::is_of_zone;

pub use self::host::{CREDENTIALS, broke_off};

/// Redirects that are followed.
const MAX_REDIRECTS: u8 = 5;

/// The ways to sources.
#[derive(Clone)]
pub struct Sources {
    worker: Option<BindingService>,
    hosts: BindingService,
}

/// A source's answer, and how long its head took.
pub struct Fetched {
    /// A success.
    pub response: http::Response<Body>,
    /// Until its head was there.
    pub time: Duration,
}

impl Sources {
    /// Sources on other hosts, as far as the client reaches, within this time; these faults may happen on the way.
    pub fn remote(client: Client, time: SourceTime, faults: Arc<FaultSet>) -> Self {
        let service = service_fn(move |call: Call| ask_host(client.clone(), time, call.request));
        Self {
            worker: None,
            hosts: layered(service, HopFaults::new(Hop::source(), faults)),
        }
    }

    /// The same, and the URLs that the worker itself serves, by a service that asks it.
    #[must_use]
    pub fn with_worker(self, worker: impl HopService, faults: Arc<FaultSet>) -> Self {
        Self {
            worker: Some(layered(worker, HopFaults::new(Hop::source(), faults))),
            ..self
        }
    }

    /// Gets what the worker, or a bucket or a file in front of it, answers for a URL of its own, following redirects:
    /// on other hosts as far as the client reaches.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn fetch_worker(
        &self,
        mut url: Uri,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let Some(worker) = &self.worker else {
            return Err(Failure::internal("there is no worker to ask"));
        };
        for left in (0..=MAX_REDIRECTS).rev() {
            check_path(&url)?;
            let answer = ask(worker, (url.clone(), 0), headers, context).await?;
            if !is_redirect(answer.status()) {
                return successful(answer, started);
            }
            let next = redirected(&url, answer.headers())?;
            let Some(left) = left.checked_sub(1) else {
                break;
            };
            if !is_of_zone(&next, &url) {
                return self
                    .fetch_remote_within((next, left), headers, context)
                    .await;
            }
            url = next;
        }
        Err(Failure::from(&OutgoingError::TooManyRedirects(
            MAX_REDIRECTS,
        )))
    }

    /// Gets what another host answers.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn fetch_remote(
        &self,
        url: &str,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<Fetched, Failure> {
        let url = url.parse::<Uri>().map_err(|error| bad_url(&error))?;
        self.fetch_remote_within((url, MAX_REDIRECTS), headers, context)
            .await
    }

    /// The same, within so many redirects.
    async fn fetch_remote_within(
        &self,
        target: (Uri, u8),
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let answer = ask(&self.hosts, target, headers, context).await?;
        if let Some(error) = FetchError::of(answer.extensions()) {
            return Err(Failure::from(error));
        }
        successful(answer, started)
    }
}

/// What belongs to the platform is no worker's to answer, and a result of a transformation is no source.
fn check_path(url: &Uri) -> Result<(), Failure> {
    if url.path().starts_with(IMAGE_URL_PREFIX) {
        let text = in_source("the source is the result of a transformation");
        return Err(Failure::new(Code::Loop, text));
    }
    if url.path().starts_with(PLATFORM_PREFIX) {
        let text = format!("{} is not the worker's to answer", url.path());
        return Err(Failure::new(Code::NotFound, in_source(&text)));
    }
    Ok(())
}

fn bad_url(error: &dyn std::error::Error) -> Failure {
    Failure::new(Code::BadUrl, in_source(&error.to_string()))
}

async fn ask(
    service: &BindingService,
    (url, redirects): (Uri, u8),
    headers: &HeaderMap,
    context: &Arc<RequestContext>,
) -> Result<http::Response<Body>, Failure> {
    let mut request = http::Request::new(body::full(""));
    *request.uri_mut() = url;
    *request.headers_mut() = headers.clone();
    request.extensions_mut().insert(Redirects(redirects));
    let call = Call::new(SOURCE_HOP.into(), request, context.clone());
    let answer = service.clone().oneshot(call).await;
    answer.map_err(|error| Failure::of_hop(SOURCE_HOP, &error))
}

fn successful(response: http::Response<Body>, started: Instant) -> Result<Fetched, Failure> {
    if !response.status().is_success() {
        return Err(of_status(response.status()));
    }
    // What the images process would be given is not what was stored, and nobody undoes it on the way.
    if let Some(coding) = response.headers().get(CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
        return Err(Failure::from(&OutgoingError::Encoded(coding)));
    }
    if content_length(response.headers()).is_some_and(|bytes| bytes > MAX_SOURCE_BYTES) {
        return Err(Failure::from(&OutgoingError::TooLarge(MAX_SOURCE_BYTES)));
    }
    Ok(Fetched {
        response,
        time: started.elapsed(),
    })
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect of the worker leads, which is held to what holds for one of another host.
fn redirected(from: &Uri, headers: &HeaderMap) -> Result<Uri, Failure> {
    let invalid = |why: &str| Failure::new(Code::BadRedirect, in_source(why));
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

    use super::{check_path, redirected, successful};

    fn number(name: HeaderName, value: &str) -> Result<(), u16> {
        let response = Response::builder().header(name, value);
        let response = response.body(body::full("")).unwrap();
        let fetched = successful(response, Instant::now());
        fetched.map(|_| ()).map_err(|failure| failure.code.number())
    }

    #[test]
    fn a_source_is_not_encoded_again_and_not_larger_than_can_be() {
        assert_eq!(number(CONTENT_ENCODING, "gzip"), Err(9412));
        assert_eq!(number(CONTENT_ENCODING, "Identity"), Ok(()));
        assert_eq!(number(CONTENT_LENGTH, "100000000"), Ok(()));
        assert_eq!(number(CONTENT_LENGTH, "100000001"), Err(9402));
    }

    #[test]
    fn what_belongs_to_the_platform_is_no_source() {
        for (path, expected) in [
            ("/photos/a.jpg", Ok(())),
            ("/cdn-cgi", Ok(())),
            ("/a/cdn-cgi/image/x/y", Ok(())),
            ("/cdn-cgi/image/w=8/a.jpg", Err(9403)),
            ("/cdn-cgi/safelight/trace", Err(9404)),
            ("/cdn-cgi/", Err(9404)),
        ] {
            let url = Uri::try_from(format!("http://a.test{path}")).unwrap();
            let found = check_path(&url).map_err(|failure| failure.code.number());
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
            let next = redirected(&from, &headers).map(|url| url.to_string());
            let next = next.map_err(|failure| failure.code.number());
            assert_eq!(next, expected.map(str::to_owned), "{location}");
        }
        assert!(redirected(&from, &HeaderMap::new()).is_err());
    }
}
