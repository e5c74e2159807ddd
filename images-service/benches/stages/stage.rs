//! One stage, and the copy that it alternates with.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// The time that a stage and its copies run for, unless [`MIN_TURNS`] takes longer.
const MIN_TIME: Duration = Duration::from_secs(1);
/// The minimum number of turns of a stage.
const MIN_TURNS: usize = 7;

/// Repeatable work on pixels.
pub(crate) struct Stage<'a> {
    pub(crate) name: String,
    /// The bytes of its input or its output, whichever are more.
    bytes: usize,
    turn: Box<dyn Fn() -> Duration + 'a>,
}

impl<'a> Stage<'a> {
    /// Creates a stage. `prepare` makes a new input for each turn; its time does not count.
    pub(crate) fn new<I, O>(
        name: impl Into<String>,
        bytes: usize,
        prepare: impl Fn() -> I + 'a,
        work: impl Fn(I) -> O + 'a,
    ) -> Self {
        let turn = move || {
            let input = black_box(prepare());
            let started = Instant::now();
            let output = work(input);
            let time = started.elapsed();
            black_box(output);
            time
        };
        Self {
            name: name.into(),
            bytes,
            turn: Box::new(turn),
        }
    }

    /// Returns how many copies of its pixels take as long as the stage: the ratio of the medians.
    pub(crate) fn measure(&self) -> f64 {
        let source = vec![1_u8; self.bytes];
        let mut target = vec![0_u8; self.bytes];
        let (mut own, mut copies) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while own.len() < MIN_TURNS || begun.elapsed() < MIN_TIME {
            own.push((self.turn)());
            let started = Instant::now();
            target.copy_from_slice(black_box(&source));
            copies.push(started.elapsed());
            black_box(&mut target);
        }
        median(own).as_secs_f64() / median(copies).as_secs_f64()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
