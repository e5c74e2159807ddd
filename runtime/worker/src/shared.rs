//! The part of an instance that outlives its store: the bodies and the waiting requests of the instance read it.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safelight_hop::RequestContext;
use safelight_hop::log::Log;
use tokio::sync::watch;

use crate::death::Death;
use crate::guest_request::GuestRequest;
use crate::limits::{Ticker, Ticking};

/// How long a failed request waits to learn how its instance ended, which is known just after the failure.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// The part of an instance that outlives its store.
pub(crate) struct Shared {
    /// Set before the store of a failed instance is dropped.
    pub(crate) dead: Arc<AtomicBool>,
    /// Response bodies that are still being read.
    pub(crate) open_bodies: AtomicUsize,
    /// Set when the engine's task is dropped before the instance has ended.
    pub(crate) is_task_dropped: AtomicBool,
    /// The work of the guest outside of any request.
    pub(crate) background: Arc<GuestRequest>,
    current: Mutex<Arc<GuestRequest>>,
    pub(crate) end: watch::Sender<Option<End>>,
    ticker: Ticker,
    ticking: Mutex<Option<Ticking>>,
    pub(crate) background_work: BackgroundWork,
}

/// Work that goes on after its responses, or after its clients have left.
#[derive(Debug, Default)]
pub(crate) struct BackgroundWork {
    /// The instance is ended because of it.
    pub(crate) is_too_long: AtomicBool,
    /// Requests whose clients have left long ago, and that the worker has not answered.
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

    /// The request that the guest is working for just now.
    pub(crate) fn current(&self) -> Arc<GuestRequest> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sets the request that the guest works for from now on; none for background work.
    pub(crate) fn set_current(&self, request: Option<Arc<GuestRequest>>) {
        let request = request.unwrap_or_else(|| self.background.clone());
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = request;
    }

    /// The guest may run. A guest that spins gives way only while the clock ticks.
    pub(crate) fn busy(&self) {
        let mut ticking = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        ticking.get_or_insert_with(|| self.ticker.hold());
    }

    /// The guest has nothing to do.
    pub(crate) fn idle(&self) {
        *self.ticking.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How the instance died, if it ends within a moment and not well.
    pub(crate) async fn death(&self) -> Option<Arc<Death>> {
        let mut end = self.end.subscribe();
        let ended = tokio::time::timeout(END_TIMEOUT, end.wait_for(Option::is_some)).await;
        match ended.ok()?.ok()?.as_ref()? {
            End::Died(death) => Some(death.clone()),
            End::Finished => None,
        }
    }
}

/// How an instance ended.
pub(crate) enum End {
    /// With all its work done.
    Finished,
    /// Before that.
    Died(Arc<Death>),
}
