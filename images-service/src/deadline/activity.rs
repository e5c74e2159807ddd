//! What the requests of one connection tell its stream: whether one is open, and whether bytes come.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

/// The requests of one connection.
#[derive(Clone, Debug)]
pub struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    received: AtomicU64,
    unread: AtomicBool,
    requests: Mutex<Requests>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Requests {
    /// Requests that are not answered to the end.
    pub(super) open: usize,
    /// Requests that have ever begun.
    pub(super) begun: u64,
    /// When the last one ended.
    pub(super) ended: Instant,
}

impl Activity {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            received: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            requests: Mutex::new(Requests {
                open: 0,
                begun: 0,
                ended: Instant::now(),
            }),
        }))
    }

    /// Says that a request has begun; it is open until the returned value is dropped.
    #[must_use]
    pub fn open(&self) -> Open {
        let mut requests = self.lock();
        requests.open += 1;
        requests.begun += 1;
        Open(self.clone())
    }

    pub(super) fn requests(&self) -> Requests {
        *self.lock()
    }

    /// Bytes that the connection has received so far.
    pub(super) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether the connection was given up because its client did not read.
    #[must_use]
    pub fn was_unread(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed)
    }

    pub(super) fn give_up_unread(&self) {
        self.0.unread.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::new()
    }
}

/// An open request.
#[derive(Debug)]
pub struct Open(Activity);

impl Drop for Open {
    fn drop(&mut self) {
        let mut requests = self.0.lock();
        requests.open = requests.open.saturating_sub(1);
        requests.ended = Instant::now();
    }
}
