//! The dev server's front: accepts connections, makes each request whole, and sees every response to its end.

mod client;

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
use safelight_images::deadline::{self, Deadlines, Paced, PacedError, Progress};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

use client::Client;

use crate::body::{Drained, Watch, Watched};
use crate::error::Failure;
use crate::faults::header;
use crate::log::{Log, Time};
use crate::record::{Ending, RequestRecord};
use crate::router::Routes;

/// How long requests in flight may take after the server was told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 4_096;
/// Bytes that the system keeps of what a client cannot take yet. With more of them a slow reader would show no sign of
/// life for minutes.
const UNSENT_BYTES: u32 = 128 * 1024;
/// Pause after a failed accept, which usually means that the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `routes` on `listener` until `shutdown` ends, then lets requests in flight finish.
pub async fn run(
    listener: TcpListener,
    routes: Routes,
    log: Log,
    deadlines: Deadlines,
    shutdown: impl Future<Output = ()>,
) {
    let front = Arc::new(Front {
        routes,
        log: log.clone(),
        deadlines,
        next_id: AtomicU64::new(1),
    });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
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
        let Some((stream, place)) = accepted else {
            continue;
        };
        let Ok(client) = Client::of(&stream) else {
            log.warn("a connection was refused: the process has no file descriptors left");
            continue;
        };
        let activity = client.activity.clone();
        let stream = Progress::server(stream, &deadlines, activity.clone());
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
            if activity.was_unread() {
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
    let _ = tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await;
}

/// The next connection, and its place among all connections; `None` after a failure and a pause.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let Ok((stream, _)) = listener.accept().await else {
        tokio::time::sleep_until(Instant::now() + ACCEPT_PAUSE).await;
        return None;
    };
    // Answers are written in whole pieces; waiting to fill packets only delays the last one.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    Some((stream, place))
}

/// What every connection shares.
struct Front {
    routes: Routes,
    log: Log,
    deadlines: Deadlines,
    next_id: AtomicU64,
}

impl Front {
    async fn answer(
        &self,
        mut request: http::Request<Incoming>,
        client: &Client,
    ) -> http::Response<WasiBody> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let method = request.method().clone();
        let record = RequestRecord::new(id, method.clone(), request.uri(), self.log.clone());
        // A client that leaves drops this future before there is a response.
        let mut open = Open {
            record,
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            ended: None,
            _on_connection: client.activity.open(),
        };
        let faults = header::take(request.headers_mut(), self.routes.worker.targets());
        let body_read = self.deadlines.body_read;
        let request =
            request.map(|body| Drained::new(Paced::on(body, body_read, client.activity.clone())));
        let request = match faults {
            Ok(faults) => {
                if let Some(faults) = faults {
                    open.record.suffer(faults);
                }
                absolute(request, client.local)
            }
            Err(refused) => Err(Failure::BadFault(refused)),
        };
        let response = match request {
            Ok(mut request) => {
                if request.headers().contains_key(EXPECT) {
                    request.body_mut().ask().await;
                }
                let record = open.record.clone();
                let request = request.map(|body| {
                    body.map_err(move |error| upload_error(error, &record))
                        .boxed_unsync()
                });
                let answer = self.routes.answer(request, &open.record);
                tokio::select! {
                    response = answer => response,
                    () = client.left() => Failure::Expired.answer(&open.record),
                }
            }
            Err(failure) => failure.answer(&open.record),
        };
        open.status = response.status();
        let bodiless = method == Method::HEAD
            || matches!(
                response.status(),
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            );
        open.expected = if bodiless { Some(0) } else { length(&response) };
        response.map(|body| Watched::new(body, open).boxed_unsync())
    }
}

/// Why an upload does not go on, for the worker; a stall is for the log as well, since the client may never say.
fn upload_error(error: PacedError<hyper::Error>, record: &RequestRecord) -> Error {
    match error {
        PacedError::Broken(error) => Error::Hyper(error),
        PacedError::Stalled(limit) => {
            let what = format!("the upload stalled: no byte came for {}", Time(limit));
            record.note(&what);
            Error::InternalError(Some(what))
        }
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
fn absolute<B>(
    request: http::Request<B>,
    local: Option<SocketAddr>,
) -> Result<http::Request<B>, Failure> {
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
    Ok(http::Request::from_parts(parts, body))
}

/// A request whose line is not logged yet. Dropping it logs it, so that no way to end goes unseen.
struct Open {
    record: Arc<RequestRecord>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    ended: Option<Ending>,
    _on_connection: deadline::Open,
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
    }
}
