//! The timer of one kind of progress.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that runs from one step of progress to the next.
#[derive(Debug)]
pub(super) struct ProgressTimer {
    limit: Duration,
    /// Kept while the timer does not run, because the next pause is never far.
    sleep: Option<Pin<Box<Sleep>>>,
    is_running: bool,
}

impl ProgressTimer {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            sleep: None,
            is_running: false,
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running
    }

    /// Stops the timer after progress.
    pub(super) fn stop(&mut self) {
        self.is_running = false;
    }

    /// Moves the end of the running timer.
    pub(super) fn extend(&mut self, end: Instant) {
        if let Some(sleep) = &mut self.sleep {
            sleep.as_mut().reset(end);
        }
    }

    /// Starts the timer if it does not run. Ready when the limit has passed since then.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.limit;
        let started_now = !std::mem::replace(&mut self.is_running, true);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if started_now {
            sleep.as_mut().reset(end);
        }
        sleep.as_mut().poll(cx)
    }
}
