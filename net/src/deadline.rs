//! Deadlines that watch progress: how long a connection may go without it, for both ends of every hop.
//!
//! | type | watches |
//! |---|---|
//! | [`Progress`] | a stream: pauses of its writes, heads that never end, connections that nobody uses |
//! | [`Paced`] | a body that is received: pauses between its bytes |
//! | [`Activity`] | what the requests of one connection tell its stream |
//!
//! Nothing here limits how long anything may take in all: slow but living is fine.

mod activity;
mod body;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

pub use self::{
    activity::{Activity, Open},
    body::{Paced, PacedError},
    stream::Progress,
};

/// How long a connection may be without a request. Clients that keep one for reuse must give up first, or they would
/// send a request just when it closes; workerd does after 5 seconds.
pub const IDLE: Duration = Duration::from_secs(75);

/// How long each kind of progress may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From the first byte of a request's head to its last.
    pub header_read: Duration,
    /// From one byte of a body that is received to the next.
    pub body_read: Duration,
    /// From one byte that the system takes to the next.
    ///
    /// The system reports progress in steps: a Unix socket in some 150 KB, a TCP connection in up to a sixteenth of
    /// the reader's buffer, which is 2 MB where Linux lets buffers grow to 32 MB. A reader of 8 KB/s needs 256 s for that.
    pub write: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(30),
            body_read: Duration::from_secs(30),
            write: Duration::from_secs(300),
        }
    }
}

/// Runs while something does not move on.
#[derive(Debug)]
struct Stall {
    limit: Duration,
    /// Kept when it does not run, because the next pause is never far.
    sleep: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Stall {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            sleep: None,
            running: false,
        }
    }

    fn moved(&mut self) {
        self.running = false;
    }

    /// Goes on running, and no longer than to this moment.
    fn extend(&mut self, end: Instant) {
        if let Some(sleep) = &mut self.sleep {
            sleep.as_mut().reset(end);
        }
    }

    /// Ready when nothing has moved for the limit, counted from the first call after something did.
    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.limit;
        let started_now = !std::mem::replace(&mut self.running, true);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if started_now {
            sleep.as_mut().reset(end);
        }
        sleep.as_mut().poll(cx)
    }
}
