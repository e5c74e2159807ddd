//! The HTTP server for clients: accepts connections, begins requests, and observes each response to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::EXPECT;
use http::request::Parts;
use http::{Uri, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use safelight_delivery::ImageUrls;
use safelight_hop::body::ObservedBody;
use safelight_hop::capacity::{Direction, Holder};
use safelight_hop::faults::{FaultSet, Targets, header};
use safelight_hop::log::{Log, Time};
use safelight_hop::request::{RequestGuard, upload};
use safelight_hop::trace::Arrival;
use safelight_hop::{Body, RequestContext};
use safelight_net::Deadlines;
use safelight_net::accept::accept;
use safelight_net::deadline::TimeoutStream;
use safelight_protocol::headers::{FAULT, TOKEN};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use super::access::{Access, Stranger};
use super::client::Client;
use super::connections::Connections;
use super::refusal::Refusal;
use super::router::{self, Platform};
use super::streams::{self, FlowControlledBody, Streams};
use super::target::absolute_uri;
use super::traces::Traces;
use super::worker_front::{MAX_CONCURRENT_REQUESTS, WorkerFront};

/// Time for the requests in flight after the shutdown signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of connections. Beyond it, an idle or a stalled one gives way; without one, further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 4_096;
/// Maximum number of HTTP/2 streams of one connection. hyper refuses further ones.
const MAX_STREAMS: u32 = 200;
/// The maximum number of unsent bytes that the system queues for a client (`TCP_NOTSENT_LOWAT`). With more of them, a slow
/// reader would show no progress for minutes.
const MAX_UNSENT_BYTES: u32 = 128 * 1024;

/// The configuration of the server.
pub struct Served {
    /// The front: public buckets, static files and the worker.
    pub worker: Arc<WorkerFront>,
    /// The rules by which requests are admitted.
    pub access: Access,
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
    let connections = Connections::new(MAX_CONNECTIONS);
    let graceful = GracefulShutdown::new();
    let builder = connection_builder(Streams::new(deadlines.write, log.clone()));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = next_connection(&listener, &connections) => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer, permit) = accepted;
        let number = front.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(client) = Client::new(&stream, peer, number) else {
            log.warn("a connection was refused: the process has no file descriptors left");
            continue;
        };
        let (activity, at_end) = (client.activity.clone(), client.clone());
        let mut open = connections.open(permit, number, activity.clone());
        let stream = TimeoutStream::server(stream, &deadlines, activity.clone());
        let front = front.clone();
        let service = service_fn(move |request| {
            let (front, client) = (front.clone(), client.clone());
            async move { front.answer(request, &client).await }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        let log = log.clone();
        tokio::spawn(async move {
            // The client sees the failure of its connection, and each request logs its own end.
            let running = async {
                tokio::select! {
                    biased;
                    _ = connection => {}
                    () = at_end.ends() => {}
                }
            };
            open.run(running).await;
            if activity.has_write_timed_out() {
                log.warn(format_args!(
                    "a connection was given up: its client has read nothing for {}",
                    Time(deadlines.write)
                ));
            }
            drop(open);
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
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS);
    builder
}

/// The next connection with its permit.
async fn next_connection(
    listener: &TcpListener,
    connections: &Connections,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let permit = connections.room().await;
    let (stream, peer) = accept(|| listener.accept()).await;
    // Responses are written in whole pieces, so waiting to fill packets would only delay the last one.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    (stream, peer, permit)
}

/// The outcome of admitting a request.
struct Admitted {
    /// The permission of the client to use safelight's own paths, or the reason why it has none.
    steering: Result<(), Stranger>,
    /// The faults of the request.
    faults: Option<FaultSet>,
}

/// The state that all connections share.
struct Front {
    served: Served,
    connections: AtomicU64,
}

impl Front {
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        client: &Client,
    ) -> Result<http::Response<Body>, Infallible> {
        let (mut head, body) = request.into_parts();
        let target = head.uri.clone();
        let (admitted, faults) = match self.admit(&mut head, client) {
            Ok(Admitted { steering, faults }) => (Ok(steering), faults),
            Err(refusal) => (Err(refusal), None),
        };
        // If the client leaves, its connection is dropped, and this future or the response with it.
        let mut guard = self.begin(&head, &target, client, faults);
        let context = guard.context().clone();
        let (limit, activity) = (self.served.deadlines.body_read, &client.activity);
        let mut upload = upload::receive(body, limit, activity.clone(), &context);
        let response = match admitted {
            Ok(steering) => {
                if head.headers.contains_key(EXPECT) {
                    upload.start().await;
                    // The worker does not read the upload yet.
                    context.holder().pace().progress(Direction::Upload, 0);
                }
                let body = upload::into_body(upload, context.clone());
                let request = http::Request::from_parts(head, body);
                let platform = Platform {
                    traces: &self.served.traces,
                    steering,
                    image_urls: self.served.image_urls.as_ref(),
                };
                let answer = router::answer(&self.served.worker, platform, request, &context);
                let answered = tokio::select! {
                    response = answer => Some(response),
                    () = context.holder().must_end() => None,
                };
                match answered {
                    Some(response) if context.holder().begin_answer() => response,
                    Some(_) | None => Refusal::SlowClient(MAX_CONCURRENT_REQUESTS).report(&context),
                }
            }
            Err(refusal) => refusal.report(&context),
        };
        guard.head(&response);
        // Only bytes that the client has room for are handed over and counted.
        Ok(response.map(|body| {
            let pace = context.holder().pace().clone();
            let body = FlowControlledBody::new(body, pace).boxed_unsync();
            ObservedBody::new(body, guard).boxed_unsync()
        }))
    }

    /// Checks a request's host and faults. Makes its URI absolute, and removes what no worker sees from its headers.
    fn admit(&self, head: &mut Parts, client: &Client) -> Result<Admitted, Refusal> {
        let asks_for_faults = head.headers.contains_key(FAULT);
        let faults = header::take(&mut head.headers, &self.served.targets);
        head.uri = absolute_uri(head, client.local)?;
        let access = &self.served.access;
        access.check_host(&head.uri).map_err(Refusal::ForeignHost)?;
        let steering = access.check_steering(&head.uri, &head.headers, client.peer.ip());
        head.headers.remove(TOKEN);
        if asks_for_faults {
            steering.map_err(Refusal::Stranger)?;
        }
        let faults = faults.map_err(Refusal::BadFault)?;
        Ok(Admitted { steering, faults })
    }

    /// Gives a request its number, its context and its trace. `target` is its URI as it was sent.
    fn begin(
        &self,
        head: &Parts,
        target: &Uri,
        client: &Client,
        faults: Option<FaultSet>,
    ) -> RequestGuard {
        let id = self.served.next_id.fetch_add(1, Ordering::Relaxed);
        if head.version == Version::HTTP_2 {
            client.activity.set_multiplexed();
        }
        let trace = self.served.traces.begin(&Arrival {
            id,
            method: &head.method,
            uri: target,
            version: head.version,
            connection: client.number,
            request_on_connection: client.next_request(),
        });
        let method = head.method.clone();
        let log = self.served.log.clone();
        let gives_way = streams::gives_way().unwrap_or_else(|| client.gives_way.clone());
        let context = RequestContext::new(id, method, target, log)
            .with_holder(Holder::new(client.number, gives_way))
            .with_trace(trace)
            .with_faults(faults.unwrap_or_default());
        let traces = self.served.traces.clone();
        RequestGuard::new(Arc::new(context), client.activity.begin_request())
            .with_on_end(move |context| traces.show(context))
    }
}
