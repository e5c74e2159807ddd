//! The state of one connection's requests, shared with its stream.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tokio::time::Instant;

/// The requests of one connection.
#[derive(Clone, Debug)]
pub struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    accepted: Instant,
    /// The time of the last read, in nanoseconds since the connection was accepted.
    last_read: AtomicU64,
    /// The time from which a write has been pending, in nanoseconds since the connection was accepted, plus one; or 0.
    stalled: AtomicU64,
    write_timed_out: AtomicBool,
    is_multiplexed: AtomicBool,
    requests: Mutex<Requests>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Requests {
    /// Requests whose response has not ended.
    pub(super) open: usize,
    /// Uploads that have not ended, of open requests and of answered ones.
    pub(super) uploads: usize,
    /// Requests that have ever begun.
    pub(super) begun: u64,
    /// The time of the last end of a request or an upload.
    pub(super) last_end: Instant,
}

impl Requests {
    /// Returns whether the next byte belongs to a request to come.
    pub(super) fn is_idle(&self) -> bool {
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
            last_read: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            write_timed_out: AtomicBool::new(false),
            is_multiplexed: AtomicBool::new(false),
            requests: Mutex::new(Requests {
                open: 0,
                uploads: 0,
                begun: 0,
                last_end: now,
            }),
        }))
    }

    /// Begins a request, which is open until the guard is dropped.
    #[must_use]
    pub fn begin_request(&self) -> RequestGuard {
        let mut requests = self.lock();
        requests.open += 1;
        requests.begun += 1;
        RequestGuard(self.clone())
    }

    /// Begins an upload, which goes on until the guard is dropped.
    pub(super) fn begin_upload(&self) -> UploadGuard {
        self.lock().uploads += 1;
        UploadGuard(self.clone())
    }

    pub(super) fn requests(&self) -> Requests {
        *self.lock()
    }

    /// The time of the connection's last read.
    pub(super) fn last_read(&self) -> Instant {
        self.0.accepted + Duration::from_nanos(self.0.last_read.load(Ordering::Relaxed))
    }

    /// Returns since when the connection has had neither a request nor an upload nor received a byte; none if it has one.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        let requests = self.requests();
        let since = requests.last_end.max(self.last_read());
        requests.is_idle().then_some(since)
    }

    /// Records that the connection has received bytes.
    pub(super) fn record_read(&self) {
        self.0.last_read.store(self.now(), Ordering::Relaxed);
    }

    /// Returns since when a write has been pending; none if the peer takes what there is.
    #[must_use]
    pub fn stalled_since(&self) -> Option<Instant> {
        let since = self.0.stalled.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.0.accepted + Duration::from_nanos(since))
    }

    /// Records the outcome of a write: it is pending, or has made progress.
    pub(super) fn record_write<T>(&self, write: &Poll<T>) {
        let stalled = &self.0.stalled;
        match (write, stalled.load(Ordering::Relaxed)) {
            (Poll::Pending, 0) => stalled.store(self.now() + 1, Ordering::Relaxed),
            (Poll::Ready(_), 1..) => stalled.store(0, Ordering::Relaxed),
            (Poll::Pending, 1..) | (Poll::Ready(_), 0) => {}
        }
    }

    /// The time since the connection was accepted, in nanoseconds.
    fn now(&self) -> u64 {
        let since = self.0.accepted.elapsed().as_nanos();
        u64::try_from(since).unwrap_or(u64::MAX - 1)
    }

    /// Marks a connection whose requests share its stream, as in HTTP/2: its bytes may belong to any of them.
    pub fn set_multiplexed(&self) {
        self.0.is_multiplexed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_multiplexed(&self) -> bool {
        self.0.is_multiplexed.load(Ordering::Relaxed)
    }

    /// Returns whether the connection was closed because its client did not read.
    #[must_use]
    pub fn has_write_timed_out(&self) -> bool {
        self.0.write_timed_out.load(Ordering::Relaxed)
    }

    pub(super) fn record_write_timeout(&self) {
        self.0.write_timed_out.store(true, Ordering::Relaxed);
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

/// An open request. Dropping the guard ends it.
#[derive(Debug)]
pub struct RequestGuard(Activity);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut requests = self.0.lock();
        requests.open = requests.open.saturating_sub(1);
        requests.last_end = Instant::now();
    }
}

/// An upload on its way. Dropping the guard ends it.
#[derive(Debug)]
pub(super) struct UploadGuard(Activity);

impl Drop for UploadGuard {
    fn drop(&mut self) {
        let mut requests = self.0.lock();
        requests.uploads = requests.uploads.saturating_sub(1);
        requests.last_end = Instant::now();
    }
}
