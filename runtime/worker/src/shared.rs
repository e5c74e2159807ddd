//! The part of an instance that outlives its store. Its bodies and waiting requests read it.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safelight_hop::RequestContext;
use safelight_hop::log::Log;
use tokio::sync::watch;

use crate::death::Death;
use crate::guest_request::GuestRequest;
use crate::limits::{TickGuard, Ticker};

/// Time that a failed request waits for the cause of its instance's end, which is known just after the failure.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// The part of an instance that outlives its store.
pub(crate) struct Shared {
    /// Set before the store of a failed instance is dropped.
    pub(crate) dead: Arc<AtomicBool>,
    /// Number of response bodies that are being read.
    pub(crate) open_bodies: AtomicUsize,
    /// Set when the engine's task is dropped before the instance has ended.
    pub(crate) is_task_dropped: AtomicBool,
    /// Stands for the guest's work outside of any request.
    pub(crate) background: Arc<GuestRequest>,
    current: Mutex<Arc<GuestRequest>>,
    pub(crate) end: watch::Sender<Option<End>>,
    ticker: Ticker,
    ticking: Mutex<Option<TickGuard>>,
    pub(crate) background_work: BackgroundWork,
}

/// Work after the responses of an instance, or after its clients have left.
#[derive(Debug, Default)]
pub(crate) struct BackgroundWork {
    /// Set when the instance is ended because of it.
    pub(crate) is_too_long: AtomicBool,
    /// The requests that the worker has not answered long after their clients have left.
    pub(crate) requests: Mutex<Vec<Arc<RequestContext>>>,
}

impl Shared {
    pub(crate) fn new(ticker: Ticker, log: Log) -> Arc<Self> {
        let background = GuestRequest::new(RequestContext::background(log));
        Arc::new(Self {
            ticking: Mutex::new(Some(ticker.hold())),
            ticker,
            dead: Arc::default(),
            open_bodies: AtomicUsize::new(0),
            current: Mutex::new(background.clone()),
            background,
            is_task_dropped: AtomicBool::new(false),
            background_work: BackgroundWork::default(),
            end: watch::Sender::new(None),
        })
    }

    /// The current request.
    pub(crate) fn current(&self) -> Arc<GuestRequest> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sets the current request; none for background work.
    pub(crate) fn set_current(&self, request: Option<Arc<GuestRequest>>) {
        let request = request.unwrap_or_else(|| self.background.clone());
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = request;
    }

    /// Starts the clock, since the guest may run. Without it, a guest that spins is never interrupted.
    pub(crate) fn set_busy(&self) {
        let mut ticking = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        ticking.get_or_insert_with(|| self.ticker.hold());
    }

    /// Stops the clock, since the guest has no work.
    pub(crate) fn set_idle(&self) {
        *self.ticking.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The death of the instance, if it dies within [`END_TIMEOUT`].
    pub(crate) async fn death(&self) -> Option<Arc<Death>> {
        let mut end = self.end.subscribe();
        let ended = tokio::time::timeout(END_TIMEOUT, end.wait_for(Option::is_some)).await;
        match ended.ok()?.ok()?.as_ref()? {
            End::Died(death) => Some(death.clone()),
            End::Finished => None,
        }
    }
}

/// The end of an instance.
pub(crate) enum End {
    /// All its work was done.
    Finished,
    /// It died.
    Died(Arc<Death>),
}
