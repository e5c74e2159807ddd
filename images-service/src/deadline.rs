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
    work: Work,
    cancelled: Arc<AtomicBool>,
}

/// The work that a deadline bounds, for the error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The time that the work may take in all.
    pub(crate) limit: Duration,
    /// The end of the error's sentence, which says what the limit belongs to.
    pub(crate) clause: &'static str,
}

impl Deadline {
    /// Creates a deadline for the pixels of one request. Its time begins now.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now().checked_add(limit),
            work: Work {
                name: "the pixels",
                limit,
                clause: ", which is the most a request may have",
            },
            cancelled: Arc::default(),
        }
    }

    /// Returns a deadline for a part of the work, of whose limit some time is spent. The rest begins now. The deadline
    /// ends no later than this one.
    pub(crate) fn within(&self, work: Work, spent: Duration) -> Self {
        let part = Self {
            until: Instant::now().checked_add(work.limit.saturating_sub(spent)),
            work,
            cancelled: Arc::clone(&self.cancelled),
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
        let Work {
            name,
            limit,
            clause,
        } = self.work;
        let ms = limit.as_millis();
        Err(ServiceError::new(
            ErrorCode::DeadlinePassed,
            format!("{name} took longer than {ms} ms{clause}"),
        ))
    }
}

/// A drop guard that cancels the work whose result is no longer needed.
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

    use super::{Deadline, Work};

    fn letters(limit: Duration) -> Work {
        Work {
            name: "the letters",
            limit,
            clause: ": there are too many",
        }
    }

    #[test]
    fn a_deadline_that_is_over_or_cancelled_fails_its_check() {
        assert!(Deadline::new(Duration::MAX).check().is_ok());
        let over = Deadline::new(Duration::ZERO).check().unwrap_err();
        assert_eq!(over.code, ErrorCode::DeadlinePassed);
        assert_eq!(
            over.message,
            "the pixels took longer than 0 ms, which is the most a request may have"
        );
        let deadline = Deadline::new(Duration::MAX);
        let part = deadline.within(letters(Duration::from_secs(60)), Duration::ZERO);
        drop(deadline.cancel_guard());
        assert_eq!(part.check().unwrap_err().code, ErrorCode::Internal);
    }

    #[test]
    fn a_part_ends_no_later_than_the_whole() {
        let whole = Deadline::new(Duration::ZERO);
        let part = whole.within(letters(Duration::MAX), Duration::ZERO);
        assert!(part.check().unwrap_err().message.contains("the pixels"));
        let whole = Deadline::new(Duration::MAX);
        let limit = Duration::from_secs(60);
        let part = whole.within(letters(limit), limit);
        assert_eq!(
            part.check().unwrap_err().message,
            "the letters took longer than 60000 ms: there are too many"
        );
        assert!(whole.check().is_ok());
    }
}
