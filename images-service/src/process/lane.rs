//! The lane of `/info` and of health checks: a process of their own, so that a full queue never looks dead.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use safelight_protocol::ErrorCode;
use tokio::time::timeout;

use super::{
    handle::PixelProcess,
    wire::{Done, Job},
};
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

/// The work of the lane.
#[derive(Clone, Copy, Debug)]
pub(super) enum LaneJob<'a> {
    CheckHealth,
    /// Reads the header of this image.
    Info(&'a Bytes),
}

impl LaneJob<'_> {
    /// Writes the input of the work, and returns the order for it.
    ///
    /// # Errors
    /// Fails when the input cannot be written.
    pub(super) fn write(self, process: &mut PixelProcess) -> io::Result<Job> {
        match self {
            Self::CheckHealth => Ok(Job::CheckHealth),
            Self::Info(image) => {
                let ranges = process.write_input([image].into_iter())?;
                let range = ranges.first().copied().ok_or(io::ErrorKind::InvalidData)?;
                Ok(Job::Info(range))
            }
        }
    }

    /// Returns whether a result is one of this work.
    pub(super) const fn is_answered_by(self, done: &Done) -> bool {
        matches!(
            (self, done),
            (Self::CheckHealth, Done::Healthy) | (Self::Info(_), Done::Info(_))
        )
    }
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
    /// Takes the process of the lane, if it has one that waits for work.
    pub(super) async fn take(&self) -> Option<PixelProcess> {
        let process = self.idle().take()?;
        process.if_idle().await
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
