//! Accepts connections, makes each request whole, and sees every response to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{EXPECT, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, Version};
use http_body::Frame;
use http_body_util::BodyExt as _;
use http_body_util::combinators::InspectFrame;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use safelight_delivery::ImageUrls;
use safelight_hop::body::ObservedBody;
use safelight_hop::faults::{FaultSet, Targets, header};
use safelight_hop::log::{Log, Time};
use safelight_hop::trace::Arrival;
use safelight_hop::{Body, HopError, RequestContext};
use safelight_net::Deadlines;
use safelight_net::deadline::{ReadTimeoutBody, ReadTimeoutError, TimeoutStream};
use safelight_net::drain::DrainOnDrop;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::client::Client;
use super::refusal::Refusal;
use super::request_guard::RequestGuard;
use super::router::{self, Platform};
use super::streams::{FlowControlledBody, Streams};
use super::traces::Traces;
use super::worker_front::WorkerFront;

/// How long requests in flight may take after the server was told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 4_096;
/// Bytes that the system keeps of what a client cannot take yet. With more of them a slow reader would show no sign of
/// life for minutes.
const MAX_UNSENT_BYTES: u32 = 128 * 1024;
/// Pause after a failed accept, which usually means that the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is served, and how.
pub struct Served {
    /// The worker, with what answers before it.
    pub worker: Arc<WorkerFront>,
    /// The hops that the faults of a request can be aimed at.
    pub targets: Targets,
    /// The number of the next request, which other servers of the run share.
    pub next_id: Arc<AtomicU64>,
    /// Pictures by URL, if the config has them.
    pub image_urls: Option<ImageUrls>,
    /// Where what happens is told.
    pub log: Log,
    /// How long clients may make no progress.
    pub deadlines: Deadlines,
    /// Where what happened is kept.
    pub traces: Arc<Traces>,
}

/// Serves a worker on `listener` until `shutdown` ends, then lets requests in flight finish.
pub async fn run(listener: TcpListener, served: Served, shutdown: impl Future<Output = ()>) {
    let (log, deadlines) = (served.log.clone(), served.deadlines);
    let front = Arc::new(Front {
        served,
        connections: AtomicU64::new(0),
    });
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(Streams::new(deadlines.write, log.clone()));
    // A client may close its sending side and still wait for the answer.
    builder
        .http1()
        .half_close(true)
        // The stream has clocks of its own, for both versions alike.
        .header_read_timeout(None);
    builder.http2().timer(TokioTimer::new());
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
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
            // A connection that fails is the client's affair; the request's own line says how it ended.
            let _ = connection.await;
            if activity.has_write_timed_out() {
                log.warn(format_args!(
                    "a connection was given up: its client has read nothing for {}",
                    Time(deadlines.write)
                ));
            }
            drop(place);
        });
    }
    drop(listener);
    // What is not done by then is cut off, visibly for its client.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

/// The next connection, and its place among all connections; `None` after a failure and a pause.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let Ok((stream, peer)) = listener.accept().await else {
        tokio::time::sleep_until(Instant::now() + ACCEPT_PAUSE).await;
        return None;
    };
    // Answers are written in whole pieces; waiting to fill packets only delays the last one.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    Some((stream, peer, place))
}

/// What every connection shares.
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
        let method = request.method().clone();
        let (faults, refused) = match header::take(request.headers_mut(), &self.served.targets) {
            Ok(faults) => (faults, None),
            Err(refused) => (None, Some(refused)),
        };
        // A client that leaves drops this future before there is a response.
        let mut guard = self.open(&request, client, faults);
        let context = guard.context.clone();
        let request = request.map(|body| self.upload(body, &context, client));
        let request = match refused {
            None => absolute(request, client.local),
            Some(refused) => Err(Refusal::BadFault(refused)),
        };
        let response = match request {
            Ok(mut request) => {
                if request.headers().contains_key(EXPECT) {
                    request.body_mut().start().await;
                }
                let uploader = context.clone();
                let request = request.map(|body| {
                    body.map_err(move |error| upload_error(error, &uploader))
                        .boxed_unsync()
                });
                let platform = Platform {
                    traces: &self.served.traces,
                    peer: client.peer,
                    image_urls: self.served.image_urls.as_ref(),
                };
                let answer = router::answer(&self.served.worker, platform, request, &context);
                tokio::select! {
                    response = answer => response,
                    () = client.left() => Refusal::Expired.answer(&context),
                }
            }
            Err(refusal) => refusal.answer(&context),
        };
        guard.head(&method, &response);
        // Only bytes that the client has room for are handed over, and counted.
        response.map(|body| {
            let body = FlowControlledBody::new(body).boxed_unsync();
            ObservedBody::new(body, guard).boxed_unsync()
        })
    }

    /// Gives a request its number, its context and its trace.
    fn open(
        &self,
        request: &http::Request<Incoming>,
        client: &Client,
        faults: Option<FaultSet>,
    ) -> RequestGuard {
        let id = self.served.next_id.fetch_add(1, Ordering::Relaxed);
        if request.version() == Version::HTTP_2 {
            client.activity.set_multiplexed();
        }
        let on_connection = client.activity.begin_request();
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
        RequestGuard::new(Arc::new(context), self.served.traces.clone(), on_connection)
    }

    /// An upload that is counted, and never left unread.
    fn upload(
        &self,
        body: Incoming,
        context: &RequestContext,
        client: &Client,
    ) -> DrainOnDrop<Upload> {
        let limit = self.served.deadlines.body_read;
        let paced = ReadTimeoutBody::with_activity(body, limit, client.activity.clone());
        let count = context.trace().map(|trace| trace.upload());
        let counted: Upload = paced.inspect_frame(Box::new(move |frame| {
            if let (Some(count), Some(data)) = (&count, frame.data_ref()) {
                count.fetch_add(data.len() as u64, Ordering::Relaxed);
            }
        }));
        DrainOnDrop::new(counted)
    }
}

/// A client's upload, counted.
type Upload = InspectFrame<ReadTimeoutBody<Incoming>, Box<dyn FnMut(&Frame<Bytes>) + Send>>;

/// Why an upload does not go on, for the worker; a stall is for the log as well, since the client may never say.
fn upload_error(error: ReadTimeoutError<hyper::Error>, context: &RequestContext) -> HopError {
    let error = match error {
        ReadTimeoutError::Body(error) => HopError::UploadBroke(error),
        ReadTimeoutError::Timeout(limit) => {
            let error = HopError::UploadStalled(limit);
            context.note(&error);
            error
        }
    };
    context.failures().upload_broke(&error);
    error
}

/// Gives the request an absolute URI: over HTTP/1 the host is only in a header, which guests may not see.
fn absolute<B>(
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
