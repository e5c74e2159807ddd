//! What setting and drawing the texts of one request may cost; asked between small pieces of work.

use std::time::Instant;

use safelight_protocol::ErrorCode;

use super::{TextLimits, refused};
use crate::error::ServiceError;

/// Pixels that are crossed between two looks at the clock: less than a hundredth of a second.
const CROSSED_AT_A_TIME: u64 = 1_000_000;

/// What is left of the limits for all texts of a request.
#[derive(Debug)]
pub(crate) struct Effort {
    limits: TextLimits,
    started: Instant,
    lines: usize,
    crossed: u64,
}

impl Effort {
    /// Everything that `limits` allow, from now on.
    pub(crate) fn new(limits: &TextLimits) -> Self {
        Self {
            limits: *limits,
            started: Instant::now(),
            lines: 0,
            crossed: 0,
        }
    }

    /// Whether there is time for another piece of work.
    pub(super) fn check_time(&self) -> Result<(), ServiceError> {
        if self.started.elapsed() < self.limits.time {
            return Ok(());
        }
        let text = format!(
            "the text took longer than {} ms: its font asks for too much work",
            self.limits.time.as_millis()
        );
        Err(ServiceError::new(ErrorCode::DeadlinePassed, text))
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
    pub(super) fn cross(&mut self, pixels: u64) -> Result<(), ServiceError> {
        self.crossed = self.crossed.saturating_add(pixels);
        if self.crossed < CROSSED_AT_A_TIME {
            return Ok(());
        }
        self.crossed = 0;
        self.check_time()
    }
}
