//! Calls of the images process, whichever one runs: a call that comes while it restarts waits a moment for it.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use safelight_hop::Body;
use safelight_net::deadline::ReadTimeoutError;
use safelight_net::pool::{ConnectionInfo, Pool, PoolError, PooledBody, is_protocol_error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

/// How long a call waits for a process that is being restarted. A restart takes some 200 ms when nothing is wrong.
const RESTART_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls at the same time; further ones wait here. The process takes 256 connections, and one must always be left for
/// its health check.
const MAX_CALLS: usize = 224;

/// The way to the images process.
#[derive(Clone)]
pub struct ImagesHandle(pub(super) Arc<Link>);

/// What calls and supervisor share.
pub(super) struct Link {
    pub(super) pool: Pool<Body>,
    state: watch::Receiver<State>,
    calls: Arc<Semaphore>,
    in_flight: watch::Sender<usize>,
    report: watch::Sender<Option<UnhealthyReport>>,
    /// One more than the number of the last process that has answered a call.
    answered: AtomicU64,
}

/// Whether there is a process to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The process of this number serves.
    Up(u64),
    Down,
}

/// What a call has found wrong with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UnhealthyReport {
    /// The number of the process.
    process: u64,
    trouble: Unhealthy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unhealthy {
    RefusesConnections,
    BreaksProtocol,
}

/// Why a call has no response.
#[derive(Debug)]
pub enum CallError {
    /// The process was being restarted for longer than a call waits.
    Down,
    /// The process was there and failed.
    Pool(PoolError<Body>),
}

impl Link {
    pub(super) fn new(pool: Pool<Body>, state: watch::Receiver<State>) -> Self {
        Self {
            pool,
            state,
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            in_flight: watch::channel(0).0,
            report: watch::channel(None).0,
            answered: AtomicU64::new(0),
        }
    }

    /// Whether the process of this number has answered a call.
    pub(super) fn has_answered(&self, process: u64) -> bool {
        self.answered.load(Ordering::Relaxed) > process
    }

    /// How many calls have not come to their end.
    pub(super) fn in_flight(&self) -> watch::Receiver<usize> {
        self.in_flight.subscribe()
    }

    /// What is wrong with the process that serves now, as soon as a call has found something, or a connection without one.
    pub(super) async fn trouble(&self, process: u64) -> Unhealthy {
        tokio::select! {
            trouble = self.report_about(process) => trouble,
            () = self.pool.unsolicited_bytes() => Unhealthy::BreaksProtocol,
        }
    }

    async fn report_about(&self, process: u64) -> Unhealthy {
        let mut reports = self.report.subscribe();
        loop {
            match *reports.borrow_and_update() {
                Some(report) if report.process == process => return report.trouble,
                Some(_) | None => {}
            }
            // The sender is part of this very link, so there is always one.
            let _ = reports.changed().await;
        }
    }

    fn report_unhealthy(&self, process: u64, trouble: Unhealthy) {
        self.report
            .send_replace(Some(UnhealthyReport { process, trouble }));
    }

    /// The number of the process that serves, other than `except`.
    async fn up(&self, except: Option<u64>, deadline: Instant) -> Option<u64> {
        let mut state = self.state.clone();
        let other = |state: &State| matches!(state, State::Up(process) if Some(*process) != except);
        match timeout_at(deadline, state.wait_for(other)).await {
            Ok(Ok(state)) => match *state {
                State::Up(process) => Some(process),
                State::Down => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

impl ImagesHandle {
    /// Sends a request and returns the response when its head has arrived. `connected` is told of each connection that
    /// the request goes over.
    ///
    /// # Errors
    /// When the process cannot be reached within a moment, or fails before it answers.
    pub async fn send(
        &self,
        mut request: http::Request<Body>,
        connected: impl Fn(ConnectionInfo),
    ) -> Result<http::Response<CallBody>, CallError> {
        let call = self.begin().await;
        let link = &self.0;
        let deadline = Instant::now() + RESTART_TIMEOUT;
        let mut refused = None;
        loop {
            let process = link.up(refused, deadline).await.ok_or(CallError::Down)?;
            match link.pool.send(request, &connected).await {
                Ok(response) => {
                    link.answered.fetch_max(process + 1, Ordering::Relaxed);
                    return Ok(response.map(|body| CallBody {
                        body,
                        call,
                        process,
                    }));
                }
                // Its socket is there, or was, and nobody listens on it any more.
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

    async fn begin(&self) -> Call {
        let place = self.0.calls.clone().acquire_owned().await.ok();
        self.0.in_flight.send_modify(|calls| *calls += 1);
        Call {
            link: self.0.clone(),
            _place: place,
        }
    }
}

pub(super) fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

/// A call that is in flight until this is dropped.
struct Call {
    link: Arc<Link>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.link
            .in_flight
            .send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

/// A response's body. The call is in flight until it is dropped.
pub struct CallBody {
    body: PooledBody<Body>,
    call: Call,
    process: u64,
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = ReadTimeoutError<hyper::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(ReadTimeoutError::Body(error)))) = &polled
            && is_protocol_error(error)
        {
            self.call
                .link
                .report_unhealthy(self.process, Unhealthy::BreaksProtocol);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use safelight_net::Deadlines;
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::{Link, RESTART_TIMEOUT, State};
    use safelight_net::pool::Pool;

    fn link(state: State) -> (watch::Sender<State>, Link) {
        let (sender, states) = watch::channel(state);
        let pool = Pool::new("/nowhere/images.sock", Deadlines::default());
        (sender, Link::new(pool, states))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_a_process_that_is_being_restarted() {
        let (state, link) = link(State::Down);
        let waiting = link.up(None, Instant::now() + RESTART_TIMEOUT);
        let back = async { state.send_replace(State::Up(1)) };
        assert_eq!(tokio::join!(waiting, back).0, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_refused_waits_for_another_process() {
        let (state, link) = link(State::Up(1));
        let waiting = link.up(Some(1), Instant::now() + RESTART_TIMEOUT);
        let restart = async {
            state.send_replace(State::Down);
            state.send_replace(State::Up(2))
        };
        assert_eq!(tokio::join!(waiting, restart).0, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_does_not_wait_for_ever() {
        let (_state, link) = link(State::Down);
        let started = Instant::now();
        assert_eq!(link.up(None, started + RESTART_TIMEOUT).await, None);
        assert!(started.elapsed() >= RESTART_TIMEOUT);
    }
}
