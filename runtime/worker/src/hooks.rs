//! The host side of a guest's outgoing requests.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use safelight_delivery::CfImages;
use safelight_delivery::fetch::CfImageOptions;
use safelight_gateway::{Bindings, Outbound};
use safelight_hop::{Answer, Body, HopError, RequestContext, body, error_chain};
use safelight_protocol::BINDINGS_HOST;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode as P2ErrorCode;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode as P3ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::engine::{InstanceBody, body_to_engine, to_engine};
use crate::shared::Shared;

/// The engine's hooks of one instance.
pub(crate) struct Hooks {
    routes: Routes,
    shared: Arc<Shared>,
}

/// The destinations of a worker's outgoing requests.
#[derive(Clone)]
struct Routes {
    bindings: Arc<Bindings>,
    outbound: Outbound,
    cf_images: Option<CfImages>,
}

/// A response for the engine, with the rest of its transmission.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Hooks {
    /// Hooks for one instance. `cf_images` transforms the pictures that it fetches.
    pub(crate) fn new(
        bindings: Arc<Bindings>,
        outbound: Outbound,
        cf_images: Option<CfImages>,
        shared: Arc<Shared>,
    ) -> Self {
        let routes = Routes {
            bindings,
            outbound,
            cf_images,
        };
        Self { routes, shared }
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let dead = self.shared.dead.clone();
        let request = request.map(|body| InstanceBody::new(body, dead, ()).boxed_unsync());
        let context = self.shared.current().context().clone();
        let routes = self.routes.clone();
        Box::new(async move {
            let between_bytes = options.and_then(|options| options.between_bytes_timeout);
            let response = routes.send(request, context, between_bytes);
            let response = within_head_timeout(options, response).await;
            let response = response.map_err(to_engine)?.map(body_to_engine);
            let finished: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, finished))
        })
    }

    // The engine's defaults drop the text of these errors.

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> P2ErrorCode {
        P2ErrorCode::InternalError(Some(error_chain(error)))
    }

    fn p3_error_from_hyper(&mut self, error: &hyper::Error) -> P3ErrorCode {
        P3ErrorCode::InternalError(Some(error_chain(error)))
    }
}

impl Routes {
    /// Sends a request. `between_bytes` is the guest's limit of the response's pauses.
    async fn send(
        self,
        mut request: http::Request<Body>,
        context: Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Answer {
        let options = CfImageOptions::take(request.headers_mut());
        match (is_bindings_host(request.uri()), options) {
            (true, None) => self.bindings.call(request, context, between_bytes).await,
            (true, Some(_)) => Err(HopError::Refused(
                "a transformation is for pictures that are fetched from another host, not for a binding's call",
            )),
            (false, None) => self.outbound.fetch(request, context, between_bytes).await,
            (false, Some(options)) => {
                self.fetch_image(request, &options, context, between_bytes)
                    .await
            }
        }
    }

    /// Sends a request with `cf.image`, whose response is a transformed picture.
    async fn fetch_image(
        self,
        request: http::Request<Body>,
        options: &CfImageOptions,
        context: Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Answer {
        let options = options.parse();
        if options.as_ref().is_ok_and(|options| options.is_empty()) {
            return self.outbound.fetch(request, context, between_bytes).await;
        }
        let Some(images) = &self.cf_images else {
            return Err(HopError::Refused(
                "transformations are off, as this worker has no Images binding; safelight.image_urls = true turns them on",
            ));
        };
        let (head, _ignored) = request.into_parts();
        match images.fetch(&head, options, &context, between_bytes).await {
            Err(error) if images.fails_open(&head, &error) => {
                let plain = http::Request::from_parts(head, body::full(""));
                self.outbound.fetch(plain, context, between_bytes).await
            }
            Err(error) => Ok(error.to_response()),
            Ok(response) => Ok(response),
        }
    }
}

/// Whether a URI addresses a binding. Host names are case-insensitive and may end in the dot of the root.
fn is_bindings_host(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case(BINDINGS_HOST)
}

/// Waits for the head of a response within the guest's timeouts, if it has set any.
///
/// A service does not report when it has connected, so the guest's timeouts for connecting and for the first byte are
/// added up to one limit.
async fn within_head_timeout(
    options: Option<RequestOptions>,
    response: impl Future<Output = Answer>,
) -> Answer {
    let limits = options.map(|options| [options.connect_timeout, options.first_byte_timeout]);
    let limits = limits.into_iter().flatten().flatten();
    match limits.reduce(Duration::saturating_add) {
        Some(limit) => tokio::time::timeout(limit, response)
            .await
            .unwrap_or(Err(HopError::Timeout)),
        None => response.await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use http::Uri;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use safelight_gateway::{Bindings, Outbound};
    use safelight_hop::faults::Hop;
    use safelight_hop::log::{Log, MemoryLog};
    use safelight_hop::{Answer, Call, HopError, RequestContext, body};
    use safelight_net::Deadlines;
    use tokio::time::{Instant, sleep_until};
    use tower::service_fn;
    use wasmtime_wasi_http::{Error, RequestOptions};

    use super::{Routes, is_bindings_host, to_engine, within_head_timeout};

    const MS: Duration = Duration::from_millis(1);

    /// The outcome of a response whose head takes so long, and the time until then.
    async fn outcome(options: Option<RequestOptions>, head: Duration) -> (Answer, Duration) {
        let started = Instant::now();
        let response = async move {
            sleep_until(started + head).await;
            Ok(http::Response::new(body::full("")))
        };
        let answer = within_head_timeout(options, response).await;
        (answer, started.elapsed())
    }

    fn timeouts(connect: Option<Duration>, first_byte: Option<Duration>) -> RequestOptions {
        RequestOptions {
            connect_timeout: connect,
            first_byte_timeout: first_byte,
            between_bytes_timeout: Some(MS),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_the_sum_of_the_guests_timeouts() {
        for (connect, first_byte, limit) in [
            (Some(100 * MS), Some(200 * MS), 300 * MS),
            (Some(100 * MS), None, 100 * MS),
            (None, Some(200 * MS), 200 * MS),
        ] {
            let options = timeouts(connect, first_byte);
            let (answer, _) = outcome(Some(options), limit - 10 * MS).await;
            assert!(answer.is_ok(), "{limit:?}");
            let (answer, elapsed) = outcome(Some(options), limit + 10 * MS).await;
            assert!(matches!(answer, Err(HopError::Timeout)), "{limit:?}");
            assert!(elapsed < limit + 10 * MS, "{limit:?}: {elapsed:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_without_timeouts_of_the_guest_is_awaited() {
        for options in [None, Some(timeouts(None, None))] {
            let (answer, _) = outcome(options, Duration::from_secs(3_600)).await;
            assert!(answer.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_pauses_for_longer_than_the_guests_limit_is_a_read_timeout() {
        let mut bindings = Bindings::new(Arc::default());
        let stalled = service_fn(|_: Call| async {
            let frames = futures_util::stream::pending::<Result<Frame<Bytes>, HopError>>();
            Ok::<_, HopError>(http::Response::new(StreamBody::new(frames).boxed_unsync()))
        });
        bindings.bind(Hop::binding("PHOTOS"), stalled);
        let routes = Routes {
            bindings: Arc::new(bindings),
            outbound: Outbound::new("test", Deadlines::default(), Arc::default()),
            cf_images: None,
        };
        let log = MemoryLog::default();
        let context = RequestContext::background(Log::new(log.clone()));
        let request = http::Request::get("http://bindings.internal/PHOTOS/a").body(body::full(""));
        let answer = routes.send(request.unwrap(), context, Some(MS)).await;
        let whole = answer.unwrap().into_body().collect();
        // A regression fails here instead of hanging.
        let whole = tokio::time::timeout(MS * 100, whole).await.unwrap();
        let error = to_engine(whole.unwrap_err());
        assert!(matches!(error, Error::ConnectionReadTimeout), "{error:?}");
        assert!(
            log.text().contains("FAILED: no byte came for 1.0 ms"),
            "{}",
            log.text()
        );
    }

    #[test]
    fn the_bindings_host_has_no_case_and_may_end_in_a_dot() {
        for host in [
            "bindings.internal",
            "Bindings.INTERNAL:80",
            "bindings.internal.",
        ] {
            let uri = Uri::try_from(format!("http://{host}/IMAGES")).unwrap();
            assert!(is_bindings_host(&uri), "{host}");
        }
        for host in [
            "bindings.internal.example",
            "xbindings.internal",
            "internal",
        ] {
            let uri = Uri::try_from(format!("http://{host}/IMAGES")).unwrap();
            assert!(!is_bindings_host(&uri), "{host}");
        }
    }
}
