//! Calls of the images process. A call during a restart waits for the new process.

use std::fmt;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use safelight_hop::Body;
use safelight_hop::capacity::{self, Direction, Holder, PacedUpload, record_answer};
use safelight_net::deadline::ReadTimeoutError;
use safelight_net::pool::{ConnectionInfo, PoolError, PooledBody, is_protocol_error};
use safelight_net::task::TaskGuard;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::link::{CallGuard, Link, MAX_CALLS, RESTART_TIMEOUT, Unhealthy};

/// A handle for calls of the images process.
#[derive(Clone)]
pub struct ImagesHandle(pub(super) Arc<Link>);

/// The error of a call without a response.
#[derive(Debug)]
pub enum CallError {
    /// The restart of the process took longer than a call waits.
    Down,
    /// All calls that are possible at a time went on for longer than a call waits.
    Busy,
    /// Others waited, and the call's upload or its answer was too slow.
    GaveWay,
    /// The process could not be reached, or failed.
    Pool(PoolError<Body>),
}

impl ImagesHandle {
    /// Sends a request of the client's request `owner`, and returns the response when its head has arrived. `connected` is
    /// called with each connection of the request.
    ///
    /// # Errors
    /// Fails when no process is up within a second, or the process fails before it answers. A call also waits for one of the
    /// slots that all calls share, and fails when none is free within a minute, or when it gives way to others.
    pub async fn send(
        &self,
        request: http::Request<Body>,
        owner: u64,
        connected: impl Fn(ConnectionInfo),
    ) -> Result<http::Response<CallBody>, CallError> {
        let link = &self.0;
        let gives_way = Arc::new(Notify::new());
        let holder = Holder::new(owner, gives_way.clone());
        let call = link.begin(&holder).await.ok_or(CallError::Busy)?;
        let pace = holder.pace().clone();
        let request = request.map(|body| PacedUpload::new(body, pace).boxed_unsync());
        let sent = tokio::select! {
            sent = exchange(link, request, &connected) => sent,
            () = holder.must_end() => return Err(CallError::GaveWay),
        };
        let (response, process) = sent?;
        if !holder.begin_answer() {
            return Err(CallError::GaveWay);
        }
        Ok(response.map(|body| {
            CallBody::new(
                Exchange {
                    body,
                    call,
                    process,
                },
                holder,
                gives_way,
            )
        }))
    }
}

/// Sends a request to the process that is up, and once more to the next one if the first refuses the connection. Returns the
/// response and the number of its process.
async fn exchange(
    link: &Link,
    mut request: http::Request<Body>,
    connected: &impl Fn(ConnectionInfo),
) -> Result<(http::Response<PooledBody<Body>>, u64), CallError> {
    let deadline = Instant::now() + RESTART_TIMEOUT;
    let mut refused = None;
    loop {
        let process = link.up(refused, deadline).await.ok_or(CallError::Down)?;
        match link.pool.send(request, connected).await {
            Ok(response) => {
                link.note_answer(process);
                return Ok((response, process));
            }
            // No process listens on the socket.
            Err(PoolError::Connect(error, untouched)) if is_refusal(error.kind()) => {
                link.report_unhealthy(process, Unhealthy::RefusesConnections);
                refused = Some(process);
                request = *untouched;
            }
            Err(error) => {
                if matches!(&error, PoolError::Exchange(error) if is_protocol_error(error)) {
                    link.report_unhealthy(process, Unhealthy::BreaksProtocol);
                }
                return Err(CallError::Pool(error));
            }
        }
    }
}

/// Returns whether an error of `connect` means that no process takes connections. A reset is the end of a process that
/// listened and had not yet accepted the connection.
pub(super) const fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::NotFound
    )
}

/// A response's body. The call is in flight until it is dropped, or gives way.
pub struct CallBody {
    state: Arc<Mutex<State>>,
    holder: Holder,
    /// Ends the exchange when the call gives way: nobody may be reading it.
    _ends: TaskGuard<()>,
}

/// The state of a response's body.
struct State {
    /// The value is none after the call gave way.
    exchange: Option<Exchange>,
    /// Wakes the reader that waits for a piece.
    reader: Option<Waker>,
}

/// A call with its response.
struct Exchange {
    body: PooledBody<Body>,
    call: CallGuard,
    process: u64,
}

/// The error of a response's body.
#[derive(Debug)]
pub enum CallBodyError {
    /// The call gave way to others.
    GaveWay,
    /// The connection ended, or stalled.
    Read(ReadTimeoutError<hyper::Error>),
}

impl CallBody {
    fn new(exchange: Exchange, holder: Holder, gives_way: Arc<Notify>) -> Self {
        let state = Arc::new(Mutex::new(State {
            exchange: Some(exchange),
            reader: None,
        }));
        let weak = Arc::downgrade(&state);
        let ends = TaskGuard::spawn(async move {
            gives_way.notified().await;
            if let Some(state) = weak.upgrade() {
                let mut state = lock(&state);
                state.exchange = None;
                if let Some(reader) = state.reader.take() {
                    reader.wake();
                }
            }
        });
        holder.pace().wait(Direction::Answer);
        Self {
            state,
            holder,
            _ends: ends,
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = CallBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CallBodyError>>> {
        let mut state = lock(&self.state);
        let State { exchange, reader } = &mut *state;
        let Some(Exchange {
            body,
            call,
            process,
        }) = exchange
        else {
            return Poll::Ready(Some(Err(CallBodyError::GaveWay)));
        };
        let polled = Pin::new(body).poll_frame(cx);
        *reader = polled.is_pending().then(|| cx.waker().clone());
        record_answer(self.holder.pace(), &polled);
        if let Poll::Ready(Some(Err(ReadTimeoutError::Body(error)))) = &polled
            && is_protocol_error(error)
        {
            call.link()
                .report_unhealthy(*process, Unhealthy::BreaksProtocol);
        }
        polled.map_err(CallBodyError::Read)
    }

    fn is_end_stream(&self) -> bool {
        let state = lock(&self.state);
        state
            .exchange
            .as_ref()
            .is_some_and(|exchange| exchange.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let state = lock(&self.state);
        let exchange = state.exchange.as_ref();
        let hint = exchange.map(|exchange| exchange.body.size_hint());
        hint.unwrap_or_default()
    }
}

impl fmt::Display for CallBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GaveWay => f.write_str(&gave_way_text()),
            Self::Read(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallBodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::GaveWay => None,
            Self::Read(error) => error.source(),
        }
    }
}

/// The reason why a call gave way.
pub(crate) fn gave_way_text() -> String {
    let why = capacity::too_slow(MAX_CALLS, "places for calls of the images process");
    format!("the call gave way: {why}")
}
