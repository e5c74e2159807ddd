//! The deadline of work on pixels, which can be cancelled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// A time limit for work, which can also be cancelled. The work calls [`Deadline::check`] between its pieces.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// The end; `None` if it lies beyond the range of the clock.
    until: Option<Instant>,
    limit: Duration,
    /// The name of the work, for the error.
    work: &'static str,
    cancelled: Arc<AtomicBool>,
}

impl Deadline {
    /// Creates a deadline for the pixels of one request. Its time begins now.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now().checked_add(limit),
            limit,
            work: "the pixels",
            cancelled: Arc::default(),
        }
    }

    /// Returns a deadline for a part of the work. It begins now and ends no later than this one.
    pub(crate) fn within(&self, limit: Duration, work: &'static str) -> Self {
        let part = Self {
            work,
            cancelled: Arc::clone(&self.cancelled),
            ..Self::new(limit)
        };
        match (part.until, self.until) {
            (Some(part), Some(until)) if until < part => self.clone(),
            (None, Some(_)) => self.clone(),
            _ => part,
        }
    }

    /// Returns a guard that cancels the work when it is dropped.
    #[must_use]
    pub fn cancel_guard(&self) -> CancelGuard {
        CancelGuard(Arc::clone(&self.cancelled))
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    /// Verifies that the next piece of work may begin.
    ///
    /// # Errors
    /// When the time is over, or the work is cancelled.
    pub fn check(&self) -> Result<(), ServiceError> {
        if self.cancelled.load(Ordering::Relaxed) {
            let text = "the request was cancelled: nobody waits for its result";
            return Err(ServiceError::new(ErrorCode::Internal, text));
        }
        if self.left() > Duration::ZERO {
            return Ok(());
        }
        let Self { work, limit, .. } = self;
        let ms = limit.as_millis();
        Err(ServiceError::new(
            ErrorCode::DeadlinePassed,
            format!("{work} took longer than {ms} ms, which is the most that a request may have"),
        ))
    }
}

/// Cancels work when it is dropped, because nobody waits for the result any more.
#[derive(Debug)]
pub struct CancelGuard(Arc<AtomicBool>);

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use safelight_protocol::ErrorCode;

    use super::Deadline;

    #[test]
    fn a_deadline_that_is_over_or_cancelled_fails_its_check() {
        assert!(Deadline::new(Duration::MAX).check().is_ok());
        let over = Deadline::new(Duration::ZERO).check().unwrap_err();
        assert_eq!(over.code, ErrorCode::DeadlinePassed);
        let deadline = Deadline::new(Duration::MAX);
        let part = deadline.within(Duration::from_secs(60), "the text");
        drop(deadline.cancel_guard());
        assert_eq!(part.check().unwrap_err().code, ErrorCode::Internal);
    }

    #[test]
    fn a_part_ends_no_later_than_the_whole() {
        let whole = Deadline::new(Duration::ZERO);
        let part = whole.within(Duration::MAX, "the text");
        assert!(part.check().unwrap_err().message.contains("the pixels"));
        let whole = Deadline::new(Duration::MAX);
        let part = whole.within(Duration::ZERO, "the text");
        assert!(part.check().unwrap_err().message.contains("the text"));
        assert!(whole.check().is_ok());
    }
}
