//! The timer of a server's connection that has neither an open request nor an upload on its way.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use super::limits::IDLE_TIMEOUT;
use super::timer::ProgressTimer;

/// Longest time of a multiplexed connection without a request, however many bytes move on it.
///
/// HTTP/2 keeps the end of a response until its client opens the flow-control window.
const MULTIPLEXED_IDLE_TIMEOUT: Duration = Duration::from_secs(3_600);

/// The timer between a connection's requests: first of the idle time, then of a request's head.
#[derive(Debug)]
pub(super) struct IdleTimer {
    header_read: Duration,
    activity: Activity,
    head: Option<HeadRead>,
    last_write: Instant,
    sleep: Pin<Box<Sleep>>,
}

/// A request's head that is being read.
#[derive(Clone, Copy, Debug)]
struct HeadRead {
    since: Instant,
    /// Requests that had begun by then. A later number means that the head is whole.
    begun: u64,
}

impl IdleTimer {
    pub(super) fn new(header_read: Duration, activity: Activity) -> Self {
        let now = Instant::now();
        Self {
            header_read,
            activity,
            head: None,
            last_write: now,
            sleep: Box::pin(sleep_until(now + header_read.min(IDLE_TIMEOUT))),
        }
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    pub(super) fn record_write(&mut self) {
        self.last_write = Instant::now();
    }

    /// Records that bytes came. The bytes of an upload that goes on after its response begin no head, and neither does a
    /// frame of HTTP/2.
    pub(super) fn record_read(&mut self) {
        self.activity.record_read();
        if self.activity.is_multiplexed() {
            return;
        }
        let requests = self.activity.requests();
        let is_known = self.head.is_some_and(|head| head.begun == requests.begun);
        if requests.is_idle() && !is_known {
            self.head = Some(HeadRead {
                since: Instant::now(),
                begun: requests.begun,
            });
        }
    }

    /// The time of the timeout, or of the next look: a request may be open now and not then.
    fn end(&self, write: &ProgressTimer) -> Instant {
        let requests = self.activity.requests();
        if !requests.is_idle() || write.is_running() {
            return Instant::now() + self.header_read.min(IDLE_TIMEOUT);
        }
        let last_activity = requests.last_end.max(self.last_write);
        match self.head {
            Some(head) if head.begun == requests.begun => head.since + self.header_read,
            Some(_) | None if self.activity.is_multiplexed() => {
                let last = requests.last_end + MULTIPLEXED_IDLE_TIMEOUT;
                last.min(last_activity + IDLE_TIMEOUT.max(write.limit()))
            }
            Some(_) | None => last_activity + IDLE_TIMEOUT,
        }
    }

    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>, write: &ProgressTimer) -> Poll<()> {
        loop {
            let end = self.end(write);
            if end <= Instant::now() {
                return Poll::Ready(());
            }
            // A sleep that ends too early costs one look; moving it at every request would cost more.
            if self.sleep.is_elapsed() || self.sleep.deadline() > end {
                self.sleep.as_mut().reset(end);
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }
}
