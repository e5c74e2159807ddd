//! The dev server's front: accepts connections, makes each request whole, and sees every response to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, StatusCode, Uri, Version};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::body::{Drained, Watch, Watched};
use crate::error::Failure;
use crate::log::Log;
use crate::record::{Ending, RequestRecord};
use crate::router::{self, Platform};
use crate::trace::{Arrival, Traces, Upload};
use crate::worker::Worker;

/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long requests in flight may take after the server was told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 4_096;
/// Pause after a failed accept, which usually means that the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `worker` on `listener` until `shutdown` ends, then lets requests in flight finish.
pub async fn run(
    listener: TcpListener,
    worker: Arc<Worker>,
    log: Log,
    traces: Arc<Traces>,
    shutdown: impl Future<Output = ()>,
) {
    let front = Arc::new(Front {
        worker,
        log,
        traces,
        next_id: AtomicU64::new(1),
        connections: AtomicU64::new(0),
    });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A client may close its sending side and still wait for the answer.
    builder
        .http1()
        .half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME);
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
        let connection = Arc::new(Connection {
            local: stream.local_addr().ok(),
            peer,
            number: front.connections.fetch_add(1, Ordering::Relaxed) + 1,
            requests: AtomicU64::new(0),
        });
        let front = front.clone();
        let service = service_fn(move |request| {
            let (front, connection) = (front.clone(), connection.clone());
            async move { Ok::<_, Infallible>(front.answer(request, &connection).await) }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that fails is the client's affair; the request's own line says how it ended.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // What is not done by then is cut off, visibly for its client.
    let _ = tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await;
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
    Some((stream, peer, place))
}

/// What every connection shares.
struct Front {
    worker: Arc<Worker>,
    log: Log,
    traces: Arc<Traces>,
    next_id: AtomicU64,
    connections: AtomicU64,
}

/// One connection of a client.
struct Connection {
    local: Option<SocketAddr>,
    peer: SocketAddr,
    number: u64,
    requests: AtomicU64,
}

impl Front {
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        connection: &Connection,
    ) -> http::Response<WasiBody> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let method = request.method().clone();
        let trace = self.traces.begin(&Arrival {
            id,
            method: &method,
            uri: request.uri(),
            version: request.version(),
            connection: connection.number,
            request_on_connection: connection.requests.fetch_add(1, Ordering::Relaxed) + 1,
        });
        let upload = trace.as_ref().map(|trace| trace.upload());
        let request = request.map(|body| Upload::new(body, upload));
        let log = self.log.clone();
        let record = RequestRecord::traced(id, method.clone(), request.uri(), log, trace);
        // A client that leaves drops this future before there is a response.
        let mut open = Open {
            traces: self.traces.clone(),
            record,
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            ended: None,
        };
        let response = match absolute(request, connection.local) {
            Ok(mut request) => {
                if request.headers().contains_key(EXPECT) {
                    request.body_mut().ask().await;
                }
                let request = request.map(|body| body.map_err(Error::Hyper).boxed_unsync());
                let platform = Platform {
                    traces: &self.traces,
                    peer: connection.peer,
                };
                router::answer(&self.worker, platform, request, &open.record).await
            }
            Err(failure) => failure.answer(&open.record),
        };
        open.status = response.status();
        if let Some(trace) = open.record.trace() {
            trace.head(response.status());
        }
        let bodiless = method == Method::HEAD || response.status() == StatusCode::NOT_MODIFIED;
        open.expected = if bodiless { Some(0) } else { length(&response) };
        response.map(|body| Watched::new(body, open).boxed_unsync())
    }
}

/// How many bytes the body will have: as it says itself, or as its head promises.
fn length(response: &http::Response<WasiBody>) -> Option<u64> {
    let promised = || {
        response
            .headers()
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    response.body().size_hint().exact().or_else(promised)
}

/// Gives the request an absolute URI: over HTTP/1 the host is only in a header, which guests may not see.
fn absolute(
    request: http::Request<Upload>,
    local: Option<SocketAddr>,
) -> Result<http::Request<Drained<Upload>>, Failure> {
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
        uri.authority = Some(host.ok_or(Failure::BadRequest(
            "the Host header is missing or malformed",
        ))?);
        uri.scheme = Some(Scheme::HTTP);
        uri.path_and_query
            .get_or_insert(PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri)
            .map_err(|_| Failure::BadRequest("the target of the request is not a path"))?;
    }
    Ok(http::Request::from_parts(parts, Drained::new(body)))
}

/// A request whose line is not logged yet. Dropping it logs it, so that no way to end goes unseen.
struct Open {
    traces: Arc<Traces>,
    record: Arc<RequestRecord>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    ended: Option<Ending>,
}

impl Watch for Open {
    fn data(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn end(&mut self, result: Result<(), &Error>) {
        self.ended = Some(match result {
            Ok(()) => Ending::Whole,
            Err(error) => {
                self.record
                    .note(format_args!("the response broke off: {error}"));
                Ending::Broken
            }
        });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let whole = self.expected == Some(self.bytes);
        let ending = self.ended.unwrap_or(if whole {
            Ending::Whole
        } else {
            Ending::ClientGone
        });
        self.record.finish(self.status, self.bytes, ending);
        self.traces.end(&self.record, self.bytes, ending);
    }
}
