//! The time that one request's pixels may take, asked between pieces of work.

use std::time::{Duration, Instant};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// Work that must be done by a moment.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    started: Instant,
    most: Duration,
}

impl Budget {
    /// A budget that begins now.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self {
            started: Instant::now(),
            most,
        }
    }

    /// The time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.most.saturating_sub(self.started.elapsed())
    }

    /// Whether the next piece of work may begin.
    ///
    /// # Errors
    /// When the time is over.
    pub fn check(&self) -> Result<(), ServiceError> {
        if self.started.elapsed() < self.most {
            return Ok(());
        }
        Err(ServiceError::new(
            ErrorCode::DeadlinePassed,
            format!(
                "the pixels took longer than {} ms, which is the most a request may have",
                self.most.as_millis()
            ),
        ))
    }
}
