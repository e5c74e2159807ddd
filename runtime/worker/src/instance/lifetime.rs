//! The life of an instance: the requests that it takes, how long it is kept, and its end.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus};

use super::State;
use crate::death::Death;
use crate::guest_request::GuestRequest;
use crate::shared::{End, Shared};

/// Requests that one instance serves before it is replaced.
const MAX_REUSE: usize = 10_000;
/// Requests that one instance serves at the same time.
const MAX_CONCURRENT: usize = 16;
/// How long an instance without work is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long work goes on after its client has gone or its response is complete.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(30);

/// The data that travels with a request into the instance that takes it.
pub(crate) struct RequestData {
    /// The request.
    pub request: Arc<GuestRequest>,
    /// Filled in by the instance that takes the request.
    pub taken_by: Arc<OnceLock<Arc<Shared>>>,
    /// Ends when nobody waits for the response any more.
    pub waiting: oneshot::Receiver<()>,
}

/// Which version of the interface a worker was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasiVersion {
    /// WASI 0.2: one request per instance.
    P2,
    /// WASI 0.3: many requests, several at a time.
    P3,
}

/// Decides what an instance takes on, and settles its affairs when it ends.
pub(crate) struct InstanceState {
    version: WasiVersion,
    shared: Arc<Shared>,
    retire: AtomicBool,
}

impl InstanceState {
    /// The state of a fresh instance.
    pub(crate) fn new(version: WasiVersion, shared: Arc<Shared>) -> Self {
        Self {
            version,
            shared,
            retire: AtomicBool::new(false),
        }
    }
}

impl WorkerState for InstanceState {
    type StoreData = State;
    type RequestData = RequestData;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        let reuse = match self.version {
            WasiVersion::P2 => 1,
            WasiVersion::P3 => MAX_REUSE,
        };
        if total >= reuse || self.retire.load(Ordering::Relaxed) {
            ShouldAccept::Never
        } else if concurrent >= MAX_CONCURRENT {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        data: RequestData,
        id: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        self.shared.busy();
        let state = store.data_mut();
        if state.memory.should_retire() {
            self.retire.store(true, Ordering::Relaxed);
        }
        let context = data.request.context().clone();
        state.begin(id, data.request);
        // The cell is fresh with every request, so it cannot be full.
        let _ = data.taken_by.set(self.shared.clone());
        let waiting = data.waiting;
        let shared = self.shared.clone();
        Box::pin(async move {
            // Nothing is ever sent: an end means that the other side is gone.
            let _ = waiting.await;
            tokio::time::sleep_until(tokio::time::Instant::now() + BACKGROUND_TIMEOUT).await;
            // Not reached by a request that has been answered: the engine drops this then.
            let requests = &shared.background_work.requests;
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(context);
        })
    }

    fn drop(&self, mut store: Store<State>, result: wasmtime::Result<()>) {
        let end = match result {
            Ok(()) => End::Finished,
            Err(error) => {
                self.shared.dead.store(true, Ordering::Release);
                let death = Death::read(&mut store, &error);
                death.report(&self.shared);
                End::Died(Arc::new(death))
            }
        };
        self.shared.end.send_replace(Some(end));
    }
}

/// Ends an instance that has had no work for a while, or whose afterwork does not end.
///
/// No request waits for an answer then. What is lost is what the worker does after its answers, and the engine cannot tell for
/// which of them: so the log names the requests that it never answered, and no request if there is none.
pub(crate) struct Expiration {
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    /// Since when afterwork has had no body to write.
    quiet: Option<Instant>,
}

impl Expiration {
    /// For a fresh instance.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let sleep = Box::pin(tokio::time::sleep_until(
            tokio::time::Instant::now() + IDLE_TIMEOUT,
        ));
        Self {
            shared,
            sleep,
            quiet: None,
        }
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl Drop for Expiration {
    fn drop(&mut self) {
        // The engine drops this before it settles an instance whose task was dropped, and after it has settled any other.
        self.shared.is_task_dropped.store(true, Ordering::Relaxed);
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        match status {
            WorkerStatus::Idle => {
                self.shared.idle();
                self.quiet = None;
                self.poll_until(cx, start + IDLE_TIMEOUT)
            }
            // A request ends by its response, by its CPU limit, or some time after its client has gone.
            WorkerStatus::Requests => {
                self.quiet = None;
                Poll::Pending
            }
            // A response that is still being read may take as long as it likes. Nothing wakes an instance when the
            // last of its bodies is dropped, so that is looked at again later.
            WorkerStatus::PostReturn if self.shared.open_bodies.load(Ordering::Relaxed) > 0 => {
                self.quiet = None;
                let _ = self.poll_until(cx, Instant::now() + BACKGROUND_TIMEOUT);
                Poll::Pending
            }
            WorkerStatus::PostReturn => {
                let quiet = *self.quiet.get_or_insert_with(Instant::now);
                let end = self.poll_until(cx, quiet + BACKGROUND_TIMEOUT);
                if end.is_ready() {
                    let background_work = &self.shared.background_work;
                    background_work.is_too_long.store(true, Ordering::Relaxed);
                }
                end
            }
        }
    }
}
