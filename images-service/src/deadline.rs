//! The deadline of work on pixels.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// A time limit for work, which calls [`Deadline::check`] between its pieces.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// The end; `None` if it lies beyond the range of the clock.
    until: Option<Instant>,
    work: Work,
    /// The milliseconds by which the end has moved, for the whole and for its parts.
    extension: Arc<AtomicU64>,
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
            extension: Arc::default(),
        }
    }

    /// Returns a deadline for a part of the work, of whose limit some time is spent. The rest begins now. The deadline
    /// ends no later than this one.
    pub(crate) fn within(&self, work: Work, spent: Duration) -> Self {
        let part = Self {
            until: Instant::now().checked_add(work.limit.saturating_sub(spent)),
            work,
            extension: Arc::clone(&self.extension),
        };
        match (part.until, self.until) {
            (Some(part), Some(until)) if until < part => self.clone(),
            (None, Some(_)) => self.clone(),
            _ => part,
        }
    }

    /// Moves the end by a time in which the work could not go on, rounded to milliseconds.
    pub(crate) fn extend(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.extension.fetch_add(ms, Ordering::Relaxed);
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        let extension = Duration::from_millis(self.extension.load(Ordering::Relaxed));
        self.until
            .and_then(|until| until.checked_add(extension))
            .map_or(Duration::MAX, |until| {
                until.saturating_duration_since(Instant::now())
            })
    }

    /// Verifies that the next piece of work may begin.
    ///
    /// # Errors
    /// Fails when the time is over.
    pub fn check(&self) -> Result<(), ServiceError> {
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
    fn a_deadline_that_is_over_fails_its_check_until_it_is_extended() {
        assert!(Deadline::new(Duration::MAX).check().is_ok());
        let over = Deadline::new(Duration::ZERO).check().unwrap_err();
        assert_eq!(over.code, ErrorCode::DeadlinePassed);
        assert_eq!(
            over.message,
            "the pixels took longer than 0 ms, which is the most a request may have"
        );
        let deadline = Deadline::new(Duration::ZERO);
        let part = deadline.within(letters(Duration::from_secs(60)), Duration::ZERO);
        assert!(part.check().is_err());
        deadline.extend(Duration::from_secs(60));
        assert!(part.check().is_ok());
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
