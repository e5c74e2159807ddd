//! The bindings socket: one Unix socket on which a foreign runtime, such as workerd, calls the services of a run.
//!
//! The header `x-emulator-service: <kind>/<id>`, which the runtime's own config injects, names the service. A request
//! without it, or with an unknown name, is answered 421: 404 would read as "no such key" to a client of a store.
//! A call has the layers of every hop, as one of a wasm worker has.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use safelight_hop::body::{BodyObserver, ObservedBody};
use safelight_hop::trace::End;
use safelight_hop::{BindingService, Body, Call, HopError, RequestContext, body};
use safelight_net::Deadlines;
use safelight_net::deadline::{Activity, ReadTimeoutBody, ReadTimeoutError, TimeoutStream};
use safelight_net::drain::DrainOnDrop;
use safelight_protocol::BindingKind;
use safelight_protocol::fetcher::URL_HEADER;
use safelight_protocol::headers::{R2_ERROR, SERVICE};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};
use tower::ServiceExt as _;

/// Connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long calls in flight may take after the socket was told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept: a process without free descriptors would try again at full speed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The services behind the socket, by `<kind>/<id>`.
#[derive(Default)]
pub struct SocketServices(BTreeMap<String, SocketService>);

struct SocketService {
    kind: BindingKind,
    /// The hop, as logs and faults name it.
    hop: Arc<str>,
    service: BindingService,
}

impl SocketServices {
    /// Adds a service that has its layers already. The id is that of the resource: a bucket, a worker.
    pub fn insert(&mut self, kind: BindingKind, id: &str, hop: Arc<str>, service: BindingService) {
        let service = SocketService { kind, hop, service };
        self.0.insert(format!("{kind}/{id}"), service);
    }

    /// The names of all services, as the header has them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A server of the bindings socket.
pub struct SocketServer<F> {
    /// The services.
    pub services: SocketServices,
    /// How long a connection may go without progress.
    pub deadlines: Deadlines,
    /// Makes the context of a request that has just arrived.
    pub context: F,
}

impl<F: Fn(&Parts) -> RequestContext + Send + Sync + 'static> SocketServer<F> {
    /// Serves `listener` until `shutdown` ends, then lets calls in flight finish.
    pub async fn run(self, listener: UnixListener, shutdown: impl Future<Output = ()>) {
        let server = Arc::new(self);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let permit = permits.clone().acquire_owned().await;
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = server.clone().connection(stream);
                    let connection = graceful.watch(connection);
                    tokio::spawn(async move {
                        // The client sees how its connection fails, and the call's line tells how its call ended.
                        let _ = connection.await;
                        drop(permit);
                    });
                }
                Err(_) => sleep_until(Instant::now() + ACCEPT_PAUSE).await,
            }
        }
        drop(listener);
        let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    }

    fn connection(
        self: Arc<Self>,
        stream: UnixStream,
    ) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
        let activity = Activity::new();
        let stream = TimeoutStream::server(stream, &self.deadlines, activity.clone());
        let service = service_fn(move |request| {
            let (server, activity) = (self.clone(), activity.clone());
            async move {
                let _open = activity.begin_request();
                Ok::<_, Infallible>(server.answer(request, activity.clone()).await)
            }
        });
        http1::Builder::new()
            // A client that has finished writing still reads.
            .half_close(true)
            // The stream has clocks of its own for a head and between requests.
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
    }

    async fn answer(&self, request: http::Request<Incoming>, activity: Activity) -> Response<Body> {
        let (mut head, upload) = request.into_parts();
        let context = Arc::new((self.context)(&head));
        let mut guard = RequestGuard::new(context.clone());
        let upload = ReadTimeoutBody::with_activity(upload, self.deadlines.body_read, activity);
        let upload = DrainOnDrop::new(upload).map_err(upload_error);
        let response = match self.find(&mut head) {
            Ok(found) => {
                let request = http::Request::from_parts(head, upload.boxed_unsync());
                let call = Call::new(found.hop.clone(), request, context.clone());
                let answer = found.service.clone().oneshot(call).await;
                answer.unwrap_or_else(|error| failed(&context, &error))
            }
            Err(refusal) => {
                context.note(&refusal);
                misdirected(refusal)
            }
        };
        guard.head(&response);
        response.map(|body| ObservedBody::new(body, guard).boxed_unsync())
    }

    /// The service that a request names, which then has the request as its own clients send it.
    fn find(&self, head: &mut Parts) -> Result<&SocketService, String> {
        let mut names = head.headers.get_all(&SERVICE).iter();
        let name = match (names.next(), names.next()) {
            (Some(name), None) => name.to_str().unwrap_or_default().to_owned(),
            (None, _) => return Err(format!("the header {SERVICE} is missing")),
            (Some(_), Some(_)) => return Err(format!("the header {SERVICE} is there twice")),
        };
        let found = self.services.0.get(&name).ok_or_else(|| {
            let known: Vec<_> = self.services.names().collect();
            let known = known.join(", ");
            let name: String = name.chars().take(80).collect();
            format!("no service {name:?} here; there is: {known}")
        })?;
        head.headers.remove(&SERVICE);
        let url = absolute(head);
        match found.kind {
            BindingKind::Service | BindingKind::Assets => {
                let url = HeaderValue::try_from(url.ok_or("the request has no URL")?.to_string());
                let url = url.map_err(|_| "the request has no URL")?;
                head.headers.insert(URL_HEADER, url);
            }
            BindingKind::Images | BindingKind::R2 => {}
        }
        Ok(found)
    }
}

/// The URL of a request, which is absolute already where the client speaks to a proxy.
fn absolute(head: &Parts) -> Option<Uri> {
    if head.uri.authority().is_some() {
        return Some(head.uri.clone());
    }
    let host = head.headers.get(HOST)?.to_str().ok()?;
    let path = head.uri.path_and_query()?.as_str();
    Uri::builder()
        .scheme("http")
        .authority(host)
        .path_and_query(path)
        .build()
        .ok()
}

fn upload_error(error: ReadTimeoutError<hyper::Error>) -> HopError {
    match error {
        ReadTimeoutError::Body(error) => HopError::UploadBroke(error),
        ReadTimeoutError::Timeout(limit) => HopError::UploadStalled(limit),
    }
}

/// The answer to a call without one: its client sees a failed service, and the text says why.
fn failed(context: &RequestContext, error: &HopError) -> Response<Body> {
    let text = error.to_string();
    context.note(format_args!("the call has no answer: {text}"));
    plain(StatusCode::BAD_GATEWAY, &text)
}

/// The answer to a request that names no service.
fn misdirected(why: String) -> Response<Body> {
    let mut response = plain(StatusCode::MISDIRECTED_REQUEST, &why);
    let json = serde_json::json!({ "version": 1, "v4code": NO_SUCH_BUCKET, "message": why });
    if let Ok(json) = HeaderValue::try_from(json.to_string()) {
        response.headers_mut().insert(R2_ERROR, json);
    }
    if let Ok(reason) = ReasonPhrase::try_from(why.into_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}

/// The code by which a client of R2 knows that there is no such bucket.
const NO_SUCH_BUCKET: u16 = 10_006;

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(body::full(format!("{text}\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// A request whose line is not logged yet. Dropping the guard logs it, so that no way to end goes unseen.
struct RequestGuard {
    context: Arc<RequestContext>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    end: Option<End>,
}

impl RequestGuard {
    fn new(context: Arc<RequestContext>) -> Self {
        Self {
            context,
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            end: None,
        }
    }

    fn head(&mut self, response: &Response<Body>) {
        self.status = response.status();
        if let Some(trace) = self.context.trace() {
            trace.head(self.status);
        }
        let promised = || {
            response
                .headers()
                .get(CONTENT_LENGTH)?
                .to_str()
                .ok()?
                .parse()
                .ok()
        };
        self.expected = response.body().size_hint().exact().or_else(promised);
    }
}

impl BodyObserver for RequestGuard {
    fn data(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        self.end = Some(match result {
            Ok(()) => End::Whole,
            Err(_) => End::Broken,
        });
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let is_whole = self.expected == Some(self.bytes);
        let end = self
            .end
            .unwrap_or(if is_whole { End::Whole } else { End::Dropped });
        self.context.finish(self.status, self.bytes, end);
        if let Some(trace) = self.context.trace() {
            trace.end(self.bytes, end);
        }
    }
}

#[cfg(test)]
mod tests;
