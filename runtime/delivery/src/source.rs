//! Gets a picture from a worker or from another host.

mod host;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, StatusCode, Uri};
use safelight_outgoing::target::Target;
use safelight_outgoing::{Client, OutgoingError};
use tower::{ServiceExt, service_fn};
use wasmtime_wasi_http::{Error, WasiBody};

use self::host::{Outcome, Redirects, ask_host};
use super::failure::{Code, Failure, in_source, of_status};
use crate::bindings::{BindingService, CallContext, layered};
use crate::body;
use crate::faults::{FaultSet, Hop, HopFaults};
use crate::image_url;
use crate::record::RequestRecord;
use crate::router::PLATFORM_PREFIX;
use crate::worker::Worker;

pub use self::host::{CREDENTIALS, SourceTime, broke_off};

/// The name of the hop to a source.
pub const SOURCE_HOP: &str = "image-source";
/// What a request for a source says of itself, so that nobody transforms twice.
pub const VIA: &str = "image-resizing";
/// Bytes of a source.
const SOURCE_BYTES: u64 = 100_000_000;
/// Redirects that are followed.
const REDIRECTS: u8 = 5;

/// The ways to sources.
#[derive(Clone)]
pub struct Sources {
    worker: Option<BindingService>,
    hosts: BindingService,
}

/// A source's answer, and how long its head took.
pub struct Fetched {
    /// A success.
    pub response: http::Response<WasiBody>,
    /// Until its head was there.
    pub time: Duration,
}

impl Sources {
    /// Sources on other hosts, as far as the client reaches, within this time; these faults may happen on the way.
    pub fn on_hosts(client: Client, time: SourceTime, faults: Arc<FaultSet>) -> Self {
        let service = service_fn(move |request| ask_host(client.clone(), time, request));
        Self {
            worker: None,
            hosts: layered(service, HopFaults::new(Hop::source(), faults)),
        }
    }

    /// The same, and those that the worker itself serves.
    pub fn and_of_worker(self, worker: Arc<Worker>, faults: Arc<FaultSet>) -> Self {
        let service = service_fn(move |request| ask_worker(worker.clone(), request));
        Self {
            worker: Some(layered(service, HopFaults::new(Hop::source(), faults))),
            ..self
        }
    }

    /// Gets what the worker, or a bucket or a file in front of it, answers for a URL of its own, following redirects:
    /// on other hosts as far as the client reaches.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn of_worker(
        &self,
        mut url: Uri,
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let Some(worker) = &self.worker else {
            return Err(Failure::internal("there is no worker to ask"));
        };
        for left in (0..=REDIRECTS).rev() {
            check_path(&url)?;
            let answer = ask(worker, (url.clone(), 0), headers, record).await?;
            if !is_redirect(answer.status()) {
                return successful(answer, started);
            }
            let next = redirected(&url, answer.headers())?;
            let Some(left) = left.checked_sub(1) else {
                break;
            };
            if !image_url::path::is_of_zone(&next, &url) {
                return self.of_host_in((next, left), headers, record).await;
            }
            url = next;
        }
        Err(Failure::from(&OutgoingError::TooManyRedirects(REDIRECTS)))
    }

    /// Gets what another host answers.
    ///
    /// # Errors
    /// When there is no success.
    pub async fn of_host(
        &self,
        url: &str,
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        let url = url.parse::<Uri>().map_err(|error| bad_url(&error))?;
        self.of_host_in((url, REDIRECTS), headers, record).await
    }

    /// The same, within so many redirects.
    async fn of_host_in(
        &self,
        target: (Uri, u8),
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let answer = ask(&self.hosts, target, headers, record).await?;
        if let Some(error) = Outcome::of(answer.extensions()) {
            return Err(Failure::from(error));
        }
        successful(answer, started)
    }
}

/// What belongs to the platform is no worker's to answer, and a result of a transformation is no source.
fn check_path(url: &Uri) -> Result<(), Failure> {
    if url.path().starts_with(image_url::PREFIX) {
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
    record: &Arc<RequestRecord>,
) -> Result<http::Response<WasiBody>, Failure> {
    let mut request = http::Request::new(body::full(""));
    *request.uri_mut() = url;
    *request.headers_mut() = headers.clone();
    request.extensions_mut().insert(Redirects(redirects));
    request.extensions_mut().insert(CallContext {
        hop: SOURCE_HOP.into(),
        record: record.clone(),
    });
    let answer = service.clone().oneshot(request).await;
    answer.map_err(|error| Failure::of_hop(SOURCE_HOP, &error))
}

fn successful(response: http::Response<WasiBody>, started: Instant) -> Result<Fetched, Failure> {
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
    if super::answer::content_length(response.headers()).is_some_and(|bytes| bytes > SOURCE_BYTES) {
        return Err(Failure::from(&OutgoingError::TooLarge(SOURCE_BYTES)));
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
    let next = Target::parse(&from.to_string()).and_then(|from| from.redirected(location));
    let next = next.map_err(|error| invalid(&format!("invalid redirect: {error}")))?;
    next.url()
        .as_str()
        .parse()
        .map_err(|_| invalid("a redirect to what is not a URL"))
}

async fn ask_worker(
    worker: Arc<Worker>,
    request: http::Request<WasiBody>,
) -> Result<http::Response<WasiBody>, Error> {
    let Some(context) = request.extensions().get::<CallContext>() else {
        return Err(Error::InternalError(Some("a request of nobody".into())));
    };
    let record = context.record.clone();
    let answer = worker.answer(request, &record).await;
    Ok(answer.unwrap_or_else(|failure| {
        if !failure.is_logged(&record) {
            record.note(failure.text(&record));
        }
        failure.answer(&record)
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};
    use http::{HeaderMap, HeaderName, Response, Uri};

    use super::{check_path, redirected, successful};
    use crate::body;

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
