//! What the requests of one connection tell its stream: whether one is open, and whether bytes come.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// The requests of one connection.
#[derive(Clone, Debug)]
pub struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    accepted: Instant,
    /// When the last bytes came, in nanoseconds since it was accepted.
    received: AtomicU64,
    unread: AtomicBool,
    shared: AtomicBool,
    requests: Mutex<Requests>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Requests {
    /// Requests that are not answered to the end.
    pub(super) open: usize,
    /// Uploads that have not come to their end, of open requests and of answered ones.
    pub(super) uploads: usize,
    /// Requests that have ever begun.
    pub(super) begun: u64,
    /// When the last one ended, or the last upload.
    pub(super) ended: Instant,
}

impl Requests {
    /// Whether the next byte can only be of a request to come.
    pub(super) fn is_between(&self) -> bool {
        self.open == 0 && self.uploads == 0
    }
}

impl Activity {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Shared {
            accepted: now,
            received: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            shared: AtomicBool::new(false),
            requests: Mutex::new(Requests {
                open: 0,
                uploads: 0,
                begun: 0,
                ended: now,
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

    /// Says that an upload is on its way; it is until the returned value is dropped.
    pub(super) fn upload(&self) -> Uploading {
        self.lock().uploads += 1;
        Uploading(self.clone())
    }

    pub(super) fn requests(&self) -> Requests {
        *self.lock()
    }

    /// When the connection has received its last bytes.
    pub(super) fn received(&self) -> Instant {
        self.0.accepted + Duration::from_nanos(self.0.received.load(Ordering::Relaxed))
    }

    /// Some bytes have come.
    pub(super) fn receive(&self) {
        let since = self.0.accepted.elapsed().as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.0.received.store(since, Ordering::Relaxed);
    }

    /// Says that requests share the connection, as in HTTP/2: what comes and goes between them may belong to any of them.
    pub fn share(&self) {
        self.0.shared.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_shared(&self) -> bool {
        self.0.shared.load(Ordering::Relaxed)
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

/// An upload on its way.
#[derive(Debug)]
pub(super) struct Uploading(Activity);

impl Drop for Uploading {
    fn drop(&mut self) {
        let mut requests = self.0.lock();
        requests.uploads = requests.uploads.saturating_sub(1);
        requests.ended = Instant::now();
    }
}
