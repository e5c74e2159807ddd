//! The dev server's front: accepts connections, makes each request whole, and sees every response to its end.

mod client;
mod open;
mod streams;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{EXPECT, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use safelight_net::deadline::{Deadlines, Paced, PacedError, Progress};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

use client::Client;
use open::Open;
use streams::{Asked, Streams};

use crate::body::{Drained, Watched};
use crate::error::{Failure, chain};
use crate::faults::header;
use crate::image_url::ImageUrls;
use crate::log::{Log, Time};
use crate::record::RequestRecord;
use crate::router::{self, Platform};
use crate::trace::{Arrival, Traces, Upload};
use crate::worker::Worker;

/// How long requests in flight may take after the server was told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 4_096;
/// Bytes that the system keeps of what a client cannot take yet. With more of them a slow reader would show no sign of
/// life for minutes.
const UNSENT_BYTES: u32 = 128 * 1024;
/// Pause after a failed accept, which usually means that the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is served, and how.
pub struct Served {
    /// Who answers.
    pub worker: Arc<Worker>,
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
        next_id: AtomicU64::new(1),
        connections: AtomicU64::new(0),
    });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
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
        let Ok(client) = Client::of(&stream, peer, number) else {
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
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let Ok((stream, peer)) = listener.accept().await else {
        tokio::time::sleep_until(Instant::now() + ACCEPT_PAUSE).await;
        return None;
    };
    // Answers are written in whole pieces; waiting to fill packets only delays the last one.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    Some((stream, peer, place))
}

/// What every connection shares.
struct Front {
    served: Served,
    next_id: AtomicU64,
    connections: AtomicU64,
}

impl Front {
    async fn answer(
        &self,
        mut request: http::Request<Incoming>,
        client: &Client,
    ) -> http::Response<WasiBody> {
        let method = request.method().clone();
        // A client that leaves drops this future before there is a response.
        let mut open = self.open(&request, client);
        let faults = header::take(request.headers_mut(), self.served.worker.targets());
        let request = request.map(|body| self.upload(body, &open.record, client));
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
                let platform = Platform {
                    traces: &self.served.traces,
                    peer: client.peer,
                    image_urls: self.served.image_urls.as_ref(),
                };
                let answer = router::answer(&self.served.worker, platform, request, &open.record);
                tokio::select! {
                    response = answer => response,
                    () = client.left() => Failure::Expired.answer(&open.record),
                }
            }
            Err(failure) => failure.answer(&open.record),
        };
        open.head(&method, &response);
        // What is counted is what was handed over: of a large piece, no more than the client had room for.
        response.map(|body| Watched::new(Asked::new(body).boxed_unsync(), open).boxed_unsync())
    }

    /// Gives a request its number, its record and its trace.
    fn open(&self, request: &http::Request<Incoming>, client: &Client) -> Open {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        if request.version() == Version::HTTP_2 {
            client.activity.share();
        }
        let on_connection = client.activity.open();
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
        let record = RequestRecord::traced(id, method, request.uri(), log, trace);
        Open::new(record, self.served.traces.clone(), on_connection)
    }

    /// An upload that is watched, counted, and never left unread.
    fn upload(
        &self,
        body: Incoming,
        record: &RequestRecord,
        client: &Client,
    ) -> Drained<Upload<Paced<Incoming>>> {
        let limit = self.served.deadlines.body_read;
        let paced = Paced::on(body, limit, client.activity.clone());
        let count = record.trace().map(|trace| trace.upload());
        Drained::new(Upload::new(paced, count))
    }
}

/// Why an upload does not go on, for the worker; a stall is for the log as well, since the client may never say.
fn upload_error(error: PacedError<hyper::Error>, record: &RequestRecord) -> Error {
    let what = match error {
        PacedError::Broken(error) => format!("the client broke off its upload: {}", chain(&error)),
        PacedError::Stalled(limit) => {
            let what = format!("the upload stalled: no byte came for {}", Time(limit));
            record.note(&what);
            what
        }
    };
    record.upload_broke(&what);
    Error::InternalError(Some(what))
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
