//! The budget of work for the texts of one request, checked between small pieces of it.

use std::time::{Duration, Instant};

use super::{TextLimits, refused};
use crate::{deadline::Deadline, error::ServiceError};

/// Pixels that are crossed between two looks at the clock: less than a hundredth of a second.
const CROSSED_AT_A_TIME: u64 = 1_000_000;

/// What takes the time, for the error.
const TEXT: &str = "the text";

/// What is left of the limits for all texts of a request.
#[derive(Debug)]
pub(crate) struct TextBudget {
    limits: TextLimits,
    /// That of the request.
    deadline: Deadline,
    /// That of the piece of work that is being done.
    clock: Deadline,
    /// The time that earlier pieces took.
    spent: Duration,
    lines: usize,
    crossed: u64,
}

impl TextBudget {
    /// Everything that `limits` allow.
    pub(crate) fn new(limits: &TextLimits, deadline: &Deadline) -> Self {
        Self {
            limits: *limits,
            deadline: deadline.clone(),
            clock: deadline.within(limits.time, TEXT),
            spent: Duration::ZERO,
            lines: 0,
            crossed: 0,
        }
    }

    /// Does a piece of work on a text. Only the time that such pieces take counts, not what lies between them.
    pub(super) fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let started = Instant::now();
        let left = self.limits.time.saturating_sub(self.spent);
        self.clock = self.deadline.within(left, TEXT);
        let done = work(self);
        self.spent += started.elapsed();
        done
    }

    /// Whether there is time for another piece of work.
    pub(super) fn check_time(&self) -> Result<(), ServiceError> {
        self.clock.check()
    }

    /// How many lines an outline may have now.
    pub(super) const fn lines_left(&self) -> usize {
        self.limits.lines.saturating_sub(self.lines)
    }

    /// Takes note of an outline of so many lines.
    pub(super) fn keep_lines(&mut self, lines: usize) -> Result<(), ServiceError> {
        if lines > self.lines_left() {
            return Err(refused("the outlines of the text's glyphs are too complex"));
        }
        self.lines += lines;
        Ok(())
    }

    /// Takes note of so many pixels that drawing crosses.
    pub(super) fn count_pixels(&mut self, pixels: u64) -> Result<(), ServiceError> {
        self.crossed = self.crossed.saturating_add(pixels);
        if self.crossed < CROSSED_AT_A_TIME {
            return Ok(());
        }
        self.crossed = 0;
        self.check_time()
    }
}
