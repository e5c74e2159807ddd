//! The bindings socket: one Unix socket on which a foreign runtime, such as workerd, calls the services of a run.
//!
//! The header `x-emulator-service: <kind>/<id>`, which the runtime's own config injects, names the service. A request
//! without it, or with an unknown name, is answered 421: 404 would read as "no such key" to a client of a store.
//! A call has the layers of every hop, like a call of a wasm worker.

mod refusal;
mod services;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::EXPECT;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use safelight_hop::body::ObservedBody;
use safelight_hop::log::Log;
use safelight_hop::request::{RequestGuard, upload};
use safelight_hop::{Body, Call, HopError, RequestContext};
use safelight_net::Deadlines;
use safelight_net::accept::accept;
use safelight_net::deadline::{self, Activity, TimeoutStream};
use safelight_net::hang_up::HangUp;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tower::ServiceExt as _;

pub use self::services::{SocketService, SocketServices};

/// Maximum number of connections; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// Time for the calls in flight after the shutdown signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A server of the bindings socket.
pub struct SocketServer<F> {
    /// The services.
    pub services: SocketServices,
    /// The timeouts of a connection.
    pub deadlines: Deadlines,
    /// The log.
    pub log: Log,
    /// Begins a request that has just arrived.
    pub begin: F,
}

/// The numbers of a request on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketNumbers {
    /// The number of the connection among all connections of the server, from 1.
    pub connection: u64,
    /// The number of the request among those of its connection, from 1.
    pub request_on_connection: u64,
}

impl<F> SocketServer<F>
where
    F: Fn(&Parts, SocketNumbers, deadline::RequestGuard) -> RequestGuard + Send + Sync + 'static,
{
    /// Serves `listener` until `shutdown` ends, then lets calls in flight finish.
    pub async fn run(self, listener: UnixListener, shutdown: impl Future<Output = ()>) {
        self.serve(listener, MAX_CONNECTIONS, shutdown).await;
    }

    async fn serve(
        self,
        listener: UnixListener,
        max_connections: usize,
        shutdown: impl Future<Output = ()>,
    ) {
        let server = Arc::new(self);
        let permits = Arc::new(Semaphore::new(max_connections));
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        let mut number = 0;
        loop {
            // Waiting for a permit is part of the select, so a full socket stops as well.
            let accepted = tokio::select! {
                accepted = next_connection(&listener, &permits, &server.log) => accepted,
                () = &mut shutdown => break,
            };
            let Some((stream, hang_up, permit)) = accepted else {
                break;
            };
            number += 1;
            let connection = graceful.watch(server.clone().connection(stream, number));
            tokio::spawn(async move {
                // The client sees the failure of its connection, and each call logs its own end.
                tokio::select! {
                    _ = connection => {}
                    // Its calls end with the connection.
                    () = hang_up.wait() => {}
                }
                drop(permit);
            });
        }
        drop(listener);
        let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    }

    fn connection(
        self: Arc<Self>,
        stream: UnixStream,
        number: u64,
    ) -> impl GracefulConnection<Error = hyper::Error> {
        let activity = Activity::new();
        let stream = TimeoutStream::server(stream, &self.deadlines, activity.clone());
        let requests = AtomicU64::new(0);
        let service = service_fn(move |request| {
            let (server, activity) = (self.clone(), activity.clone());
            let numbers = SocketNumbers {
                connection: number,
                request_on_connection: requests.fetch_add(1, Ordering::Relaxed) + 1,
            };
            async move { Ok::<_, Infallible>(server.answer(request, numbers, activity).await) }
        });
        http1::Builder::new()
            // A client may close its sending side and still wait for the response.
            .half_close(true)
            // The stream has timeouts of its own for a head and between requests.
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
        numbers: SocketNumbers,
        activity: Activity,
    ) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let mut guard = (self.begin)(&head, numbers, activity.begin_request());
        let context = guard.context().clone();
        let mut upload = upload::receive(body, self.deadlines.body_read, activity, &context);
        let response = match self.services.select(&mut head) {
            Ok(service) => {
                if head.headers.contains_key(EXPECT) {
                    upload.start().await;
                }
                let body = upload::into_body(upload, context.clone());
                let request = http::Request::from_parts(head, body);
                let call = Call::new(service.hop.clone(), request, context.clone());
                let answer = service.service.clone().oneshot(call).await;
                answer.unwrap_or_else(|error| call_failed(&context, &error))
            }
            // The upload is drained, so the connection serves further requests.
            Err(refusal) => {
                context.note(&refusal);
                refusal.to_response()
            }
        };
        guard.head(&response);
        response.map(|body| ObservedBody::new(body, guard).boxed_unsync())
    }
}

/// The next connection with the notice of its end and its permit; none when there are no more permits.
async fn next_connection(
    listener: &UnixListener,
    permits: &Arc<Semaphore>,
    log: &Log,
) -> Option<(UnixStream, HangUp, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.ok()?;
    let accepted = accept(|| async {
        let (stream, _) = listener.accept().await?;
        let hang_up = HangUp::new(&stream).inspect_err(|_| {
            log.warn("a connection to the bindings socket was refused: the process has no file descriptors left");
        })?;
        Ok((stream, hang_up))
    });
    let (stream, hang_up) = accepted.await;
    Some((stream, hang_up, permit))
}

/// The response to a call that failed without one. Its text is the error.
fn call_failed(context: &RequestContext, error: &HopError) -> Response<Body> {
    context.note(format_args!("the call has no answer: {error}"));
    refusal::plain_text(StatusCode::BAD_GATEWAY, &error.to_string())
}
