//! The HTTP server for clients: accepts connections, begins requests, and observes each response to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{EXPECT, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use safelight_delivery::ImageUrls;
use safelight_hop::body::ObservedBody;
use safelight_hop::faults::{FaultSet, Targets, header};
use safelight_hop::log::{Log, Time};
use safelight_hop::request::{RequestGuard, upload};
use safelight_hop::trace::Arrival;
use safelight_hop::{Body, RequestContext};
use safelight_net::Deadlines;
use safelight_net::accept::accept;
use safelight_net::deadline::TimeoutStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::Client;
use super::refusal::Refusal;
use super::router::{self, Platform};
use super::streams::{FlowControlledBody, Streams};
use super::traces::Traces;
use super::worker_front::WorkerFront;

/// Time for the requests in flight after the shutdown signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of connections; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 4_096;
/// The maximum number of unsent bytes that the system queues for a client (`TCP_NOTSENT_LOWAT`). With more of them, a slow
/// reader would show no progress for minutes.
const MAX_UNSENT_BYTES: u32 = 128 * 1024;

/// The configuration of the server.
pub struct Served {
    /// The front: public buckets, static files and the worker.
    pub worker: Arc<WorkerFront>,
    /// The hops to which the faults of a request can apply.
    pub targets: Targets,
    /// The number of the next request. All servers of the run share it.
    pub next_id: Arc<AtomicU64>,
    /// Pictures by URL, if the config enables them.
    pub image_urls: Option<ImageUrls>,
    /// The log.
    pub log: Log,
    /// The timeouts of a connection.
    pub deadlines: Deadlines,
    /// The traces of the last requests.
    pub traces: Arc<Traces>,
}

/// Serves a worker on `listener` until `shutdown` ends, then lets requests in flight finish.
pub async fn run(listener: TcpListener, served: Served, shutdown: impl Future<Output = ()>) {
    let (log, deadlines) = (served.log.clone(), served.deadlines);
    let front = Arc::new(Front {
        served,
        connections: AtomicU64::new(0),
    });
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let builder = connection_builder(Streams::new(deadlines.write, log.clone()));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = next_connection(&listener, &permits) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, peer, permit)) = accepted else {
            break;
        };
        let number = front.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(client) = Client::new(&stream, peer, number) else {
            log.warn("a connection was refused: the process has no file descriptors left");
            continue;
        };
        let activity = client.activity.clone();
        let stream = TimeoutStream::server(stream, &deadlines, activity.clone());
        let front = front.clone();
        let service = service_fn(move |request| {
            let (front, client) = (front.clone(), client.clone());
            async move { Ok::<_, Infallible>(front.answer(request, &client).await) }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        let log = log.clone();
        tokio::spawn(async move {
            // The client sees the failure of its connection, and each request logs its own end.
            let _ = connection.await;
            if activity.has_write_timed_out() {
                log.warn(format_args!(
                    "a connection was given up: its client has read nothing for {}",
                    Time(deadlines.write)
                ));
            }
            drop(permit);
        });
    }
    drop(listener);
    // Requests that are not complete by then are cut off, visibly for their clients.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

/// The settings of a connection, for both versions of HTTP.
fn connection_builder(streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        // A client may close its sending side and still wait for the response.
        .half_close(true)
        // The stream has timeouts of its own, for both versions.
        .header_read_timeout(None);
    builder.http2().timer(TokioTimer::new());
    builder
}

/// The next connection with its permit; none when there are no more permits.
async fn next_connection(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.ok()?;
    let (stream, peer) = accept(|| listener.accept()).await;
    // Responses are written in whole pieces, so waiting to fill packets would only delay the last one.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    Some((stream, peer, permit))
}

/// The state that all connections share.
struct Front {
    served: Served,
    connections: AtomicU64,
}

impl Front {
    async fn answer(
        &self,
        mut request: http::Request<Incoming>,
        client: &Client,
    ) -> http::Response<Body> {
        let (faults, bad_fault) = match header::take(request.headers_mut(), &self.served.targets) {
            Ok(faults) => (faults, None),
            Err(error) => (None, Some(error)),
        };
        // If the client leaves before the response, this future is dropped, and the guard with it.
        let mut guard = self.begin(&request, client, faults);
        let context = guard.context().clone();
        let (limit, activity) = (self.served.deadlines.body_read, &client.activity);
        let request = request.map(|body| upload::receive(body, limit, activity.clone(), &context));
        let request = match bad_fault {
            None => with_absolute_uri(request, client.local),
            Some(error) => Err(Refusal::BadFault(error)),
        };
        let response = match request {
            Ok(mut request) => {
                if request.headers().contains_key(EXPECT) {
                    request.body_mut().start().await;
                }
                let request = request.map(|body| upload::into_body(body, context.clone()));
                let platform = Platform {
                    traces: &self.served.traces,
                    peer: client.peer,
                    image_urls: self.served.image_urls.as_ref(),
                };
                let answer = router::answer(&self.served.worker, platform, request, &context);
                tokio::select! {
                    response = answer => response,
                    () = client.left() => Refusal::Expired.to_response(&context),
                }
            }
            Err(refusal) => refusal.to_response(&context),
        };
        guard.head(&response);
        // Only bytes that the client has room for are handed over and counted.
        response.map(|body| {
            let body = FlowControlledBody::new(body).boxed_unsync();
            ObservedBody::new(body, guard).boxed_unsync()
        })
    }

    /// Gives a request its number, its context and its trace.
    fn begin(
        &self,
        request: &http::Request<Incoming>,
        client: &Client,
        faults: Option<FaultSet>,
    ) -> RequestGuard {
        let id = self.served.next_id.fetch_add(1, Ordering::Relaxed);
        if request.version() == Version::HTTP_2 {
            client.activity.set_multiplexed();
        }
        let trace = self.served.traces.begin(&Arrival {
            id,
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            connection: client.number,
            request_on_connection: client.next_request(),
        });
        let method = request.method().clone();
        let log = self.served.log.clone();
        let context = RequestContext::new(id, method, request.uri(), log)
            .with_trace(trace)
            .with_faults(faults.unwrap_or_default());
        let traces = self.served.traces.clone();
        RequestGuard::new(Arc::new(context), client.activity.begin_request())
            .with_on_end(move |context| traces.show(context))
    }
}

/// Makes the request's URI absolute: over HTTP/1 the host is only in a header, which guests do not see.
fn with_absolute_uri<B>(
    request: http::Request<B>,
    local: Option<SocketAddr>,
) -> Result<http::Request<B>, Refusal> {
    let (mut parts, body) = request.into_parts();
    if parts.uri.authority().is_none() {
        let host = match parts.headers.get(HOST) {
            Some(host) => Authority::try_from(host.as_bytes()).ok(),
            None if parts.version <= Version::HTTP_10 => {
                local.and_then(|local| Authority::try_from(local.to_string()).ok())
            }
            None => None,
        };
        let mut uri = parts.uri.into_parts();
        uri.authority = Some(host.ok_or(Refusal::BadRequest(
            "the Host header is missing or malformed",
        ))?);
        uri.scheme = Some(Scheme::HTTP);
        uri.path_and_query
            .get_or_insert(PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri)
            .map_err(|_| Refusal::BadRequest("the target of the request is not a path"))?;
    }
    Ok(http::Request::from_parts(parts, body))
}
