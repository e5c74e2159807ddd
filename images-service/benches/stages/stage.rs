//! One stage, and the copy that it takes turns with.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Time for one stage and its copies together, if that is more than [`TURNS`].
const TIME: Duration = Duration::from_secs(1);
/// Turns of a stage at least.
const TURNS: usize = 7;

/// Work on pixels that can be done again and again.
pub(crate) struct Stage<'a> {
    pub(crate) name: String,
    /// Bytes of the pixels at its larger end.
    bytes: usize,
    turn: Box<dyn Fn() -> Duration + 'a>,
}

impl<'a> Stage<'a> {
    /// A stage whose input has to be made anew each time, which is not counted.
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

    /// How many copies of its pixels fit into its time.
    pub(crate) fn measure(&self) -> f64 {
        let source = vec![1_u8; self.bytes];
        let mut target = vec![0_u8; self.bytes];
        let (mut own, mut copies) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while own.len() < TURNS || begun.elapsed() < TIME {
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
