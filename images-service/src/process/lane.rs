//! The lane of `/info` and of health checks: a process of their own, so that a full queue never looks dead.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use safelight_protocol::ErrorCode;
use tokio::time::timeout;

use super::handle::PixelProcess;
use crate::{
    error::ServiceError,
    queue::{Permit, Queue},
};

/// The longest wait of a request for the lane.
const WAIT: Duration = Duration::from_secs(30);

/// One process, and the requests that wait for it.
#[derive(Debug)]
pub(super) struct Lane {
    queue: Queue,
    idle: Mutex<Option<PixelProcess>>,
}

/// The right to use the lane, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    lane: &'a Lane,
    _permit: Permit,
}

impl Lane {
    /// Creates a lane for which so many requests may wait.
    pub(super) fn new(max_waiting: usize) -> Self {
        Self {
            queue: Queue::new(1, max_waiting),
            idle: Mutex::default(),
        }
    }

    /// Returns a turn if the lane is free.
    pub(super) fn try_turn(&self) -> Option<Turn<'_>> {
        let permit = self.queue.try_acquire()?;
        Some(Turn {
            lane: self,
            _permit: permit,
        })
    }

    /// Waits for a turn, first come, first served. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// Fails at once when too many wait, and after the longest wait.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, ServiceError> {
        let permit = timeout(WAIT, self.queue.acquire()).await;
        let permit = permit.unwrap_or_else(|_late| {
            let text = format!(
                "the images process is busy: other images were read for {} s",
                WAIT.as_secs()
            );
            Err(ServiceError::new(ErrorCode::Busy, text))
        })?;
        Ok(Turn {
            lane: self,
            _permit: permit,
        })
    }
}

impl Turn<'_> {
    /// Takes the process of the lane, if it has one that has not ended.
    pub(super) fn take(&self) -> Option<PixelProcess> {
        let mut process = self.idle().take()?;
        // It may have been killed while it was idle.
        process.is_alive().then_some(process)
    }

    /// Returns the process to the lane.
    pub(super) fn give_back(&self, process: PixelProcess) {
        *self.idle() = Some(process);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<PixelProcess>> {
        self.lane
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
