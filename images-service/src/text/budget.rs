//! The budget of work for the texts of one request, checked between small pieces of the work.

use std::time::{Duration, Instant};

use super::{TextLimits, refused};
use crate::{
    deadline::{Deadline, Work},
    error::ServiceError,
};

/// The number of pixels that are crossed between two checks of the clock. They take less than a hundredth of a second.
const PIXELS_PER_CHECK: u64 = 1_000_000;

/// The limits of all texts of a request, and the amounts that are used.
#[derive(Debug)]
pub(crate) struct TextBudget {
    limits: TextLimits,
    /// The deadline of the request.
    deadline: Deadline,
    /// The deadline of the current piece of work; before the first piece, that of the request.
    clock: Deadline,
    /// The time that earlier pieces took.
    spent: Duration,
    lines: usize,
    crossed: u64,
}

impl TextBudget {
    /// Creates a budget of which nothing is used.
    pub(crate) fn new(limits: &TextLimits, deadline: &Deadline) -> Self {
        Self {
            limits: *limits,
            deadline: deadline.clone(),
            clock: deadline.clone(),
            spent: Duration::ZERO,
            lines: 0,
            crossed: 0,
        }
    }

    /// Does a piece of work on a text. The time between such pieces does not count.
    pub(super) fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let started = Instant::now();
        let texts = Work {
            name: "the text",
            limit: self.limits.time,
            clause: ": its font asks for too much work",
        };
        self.clock = self.deadline.within(texts, self.spent);
        let done = work(self);
        self.spent += started.elapsed();
        done
    }

    /// Verifies that there is time for another piece of work.
    pub(super) fn check_time(&self) -> Result<(), ServiceError> {
        self.clock.check()
    }

    /// Returns the number of lines that an outline may have.
    pub(super) const fn lines_left(&self) -> usize {
        self.limits.lines.saturating_sub(self.lines)
    }

    /// Counts the lines of an outline, and verifies that they are within the limit.
    pub(super) fn count_lines(&mut self, lines: usize) -> Result<(), ServiceError> {
        if lines > self.lines_left() {
            return Err(refused("the outlines of the text's glyphs are too complex"));
        }
        self.lines += lines;
        Ok(())
    }

    /// Counts the pixels that drawing crosses, and checks the time after some of them.
    pub(super) fn count_pixels(&mut self, pixels: u64) -> Result<(), ServiceError> {
        self.crossed = self.crossed.saturating_add(pixels);
        if self.crossed < PIXELS_PER_CHECK {
            return Ok(());
        }
        self.crossed = 0;
        self.check_time()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TextBudget;
    use crate::{deadline::Deadline, text::TextLimits};

    #[test]
    fn the_error_names_the_limit_of_all_texts() {
        let limits = TextLimits::default();
        let mut budget = TextBudget {
            spent: limits.time,
            ..TextBudget::new(&limits, &Deadline::new(Duration::MAX))
        };
        let error = budget.timed(|budget| budget.check_time()).unwrap_err();
        assert_eq!(
            error.message,
            "the text took longer than 10000 ms: its font asks for too much work"
        );
    }
}
