//! Calls of the images process, whichever one runs: a call that comes while it restarts waits a moment for it.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use safelight_net::deadline::PacedError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::WasiBody;

use crate::bindings::pool::{Pool, PoolError, PooledBody, is_garbage};

/// How long a call waits for a process that is being restarted. A restart takes some 200 ms when nothing is wrong.
const RESTART_TIME: Duration = Duration::from_secs(1);

/// Calls at the same time; further ones wait here. The process takes 256 connections, and one must always be left for
/// its health check.
const CALLS: usize = 224;

/// The way to the images process.
#[derive(Clone)]
pub struct ImagesHandle(pub(super) Arc<Link>);

/// What calls and supervisor share.
pub(super) struct Link {
    pub(super) pool: Pool,
    state: watch::Receiver<State>,
    calls: Arc<Semaphore>,
    in_flight: watch::Sender<usize>,
    complaint: watch::Sender<Option<Complaint>>,
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
struct Complaint {
    /// The number of the process.
    process: u64,
    trouble: Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    RefusesConnections,
    AnswersGarbage,
}

/// Why a call has no response.
#[derive(Debug)]
pub enum CallError {
    /// The process was being restarted for longer than a call waits.
    Down,
    /// The process was there and failed.
    Pool(PoolError),
}

impl Link {
    pub(super) fn new(pool: Pool, state: watch::Receiver<State>) -> Self {
        Self {
            pool,
            state,
            calls: Arc::new(Semaphore::new(CALLS)),
            in_flight: watch::channel(0).0,
            complaint: watch::channel(None).0,
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
    pub(super) async fn trouble(&self, process: u64) -> Trouble {
        tokio::select! {
            trouble = self.complaint_about(process) => trouble,
            () = self.pool.speaks_unasked() => Trouble::AnswersGarbage,
        }
    }

    async fn complaint_about(&self, process: u64) -> Trouble {
        let mut complaints = self.complaint.subscribe();
        loop {
            match *complaints.borrow_and_update() {
                Some(complaint) if complaint.process == process => return complaint.trouble,
                Some(_) | None => {}
            }
            // The sender is part of this very link, so there is always one.
            let _ = complaints.changed().await;
        }
    }

    fn complain(&self, process: u64, trouble: Trouble) {
        self.complaint
            .send_replace(Some(Complaint { process, trouble }));
    }

    /// The number of the process that serves, other than `except`.
    async fn up(&self, except: Option<u64>, patience: Instant) -> Option<u64> {
        let mut state = self.state.clone();
        let other = |state: &State| matches!(state, State::Up(process) if Some(*process) != except);
        match timeout_at(patience, state.wait_for(other)).await {
            Ok(Ok(state)) => match *state {
                State::Up(process) => Some(process),
                State::Down => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

impl ImagesHandle {
    /// Sends a request and returns the response when its head has arrived.
    ///
    /// # Errors
    /// When the process cannot be reached within a moment, or fails before it answers.
    pub async fn send(
        &self,
        mut request: http::Request<WasiBody>,
    ) -> Result<http::Response<CallBody>, CallError> {
        let call = self.begin().await;
        let link = &self.0;
        let patience = Instant::now() + RESTART_TIME;
        let mut refused = None;
        loop {
            let process = link.up(refused, patience).await.ok_or(CallError::Down)?;
            match link.pool.send(request).await {
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
                    link.complain(process, Trouble::RefusesConnections);
                    refused = Some(process);
                    request = *untouched;
                }
                Err(error) => {
                    if matches!(&error, PoolError::Exchange(error) if is_garbage(error)) {
                        link.complain(process, Trouble::AnswersGarbage);
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
    body: PooledBody,
    call: Call,
    process: u64,
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = PacedError<hyper::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(PacedError::Broken(error)))) = &polled
            && is_garbage(error)
        {
            self.call
                .link
                .complain(self.process, Trouble::AnswersGarbage);
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

    use super::{Link, Pool, RESTART_TIME, State};

    fn link(state: State) -> (watch::Sender<State>, Link) {
        let (sender, states) = watch::channel(state);
        let pool = Pool::new("/nowhere/images.sock", Deadlines::default());
        (sender, Link::new(pool, states))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_a_process_that_is_being_restarted() {
        let (state, link) = link(State::Down);
        let waiting = link.up(None, Instant::now() + RESTART_TIME);
        let back = async { state.send_replace(State::Up(1)) };
        assert_eq!(tokio::join!(waiting, back).0, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_refused_waits_for_another_process() {
        let (state, link) = link(State::Up(1));
        let waiting = link.up(Some(1), Instant::now() + RESTART_TIME);
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
        assert_eq!(link.up(None, started + RESTART_TIME).await, None);
        assert!(started.elapsed() >= RESTART_TIME);
    }
}
