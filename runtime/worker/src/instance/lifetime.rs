//! The lifetime of an instance: the requests that it accepts, its expiration and its end.

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

/// Maximum number of requests of one instance, which is then replaced.
const MAX_REUSE: usize = 10_000;
/// Maximum number of concurrent requests of one instance.
const MAX_CONCURRENT: usize = 16;
/// Time that an instance without work is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for work after its client has left or its response is complete.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(30);

/// The data of a request for the instance that takes it.
pub(crate) struct RequestData {
    /// The request.
    pub request: Arc<GuestRequest>,
    /// Set by the instance that takes the request.
    pub taken_by: Arc<OnceLock<Arc<Shared>>>,
    /// Ends when the response is no longer awaited.
    pub awaited: oneshot::Receiver<()>,
}

/// The version of WASI that a worker was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasiVersion {
    /// WASI 0.2: one request per instance.
    P2,
    /// WASI 0.3: many requests, several at a time.
    P3,
}

/// The engine's callbacks for an instance: it accepts requests, and reports the instance's end.
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
        self.shared.set_busy();
        let state = store.data_mut();
        if state.memory.should_retire() {
            self.retire.store(true, Ordering::Relaxed);
        }
        let context = data.request.context().clone();
        state.begin(id, data.request);
        // Each request has a cell of its own, so it is empty.
        let _ = data.taken_by.set(self.shared.clone());
        let awaited = data.awaited;
        let shared = self.shared.clone();
        Box::pin(async move {
            // Nothing is ever sent: the channel ends when its sender is dropped.
            let _ = awaited.await;
            tokio::time::sleep_until(tokio::time::Instant::now() + BACKGROUND_TIMEOUT).await;
            // Not reached for an answered request, since the engine drops this future then.
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

/// Ends an instance that is idle, or whose background work does not end.
///
/// No request waits for a response then. The engine cannot tell which request the background work belongs to, so the
/// log names the requests that were never answered, or none.
pub(crate) struct Expiration {
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    /// Start of the time in which background work has had no body to write.
    quiet: Option<Instant>,
}

impl Expiration {
    /// The expiration of a fresh instance.
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
        // For an instance whose task is dropped, the engine drops this before it calls `WorkerState::drop`; for any
        // other, after.
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
                self.shared.set_idle();
                self.quiet = None;
                self.poll_until(cx, start + IDLE_TIMEOUT)
            }
            // A request ends by its response, by its CPU limit, or some time after its client has left.
            WorkerStatus::Requests => {
                self.quiet = None;
                Poll::Pending
            }
            // A response that is being read has no limit. The drop of the last body does not wake the instance, so a
            // timer checks again.
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
