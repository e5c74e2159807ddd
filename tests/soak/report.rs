//! The verdicts on all requests, and the samples of the server.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::plan::{Leaves, Pace, Plan};
use crate::process::Process;
use crate::verdict::Verdict;

/// The number of longest requests in the report.
const LONGEST: usize = 5;

/// The tally of a soak.
#[derive(Default)]
pub(crate) struct Report {
    verdicts: BTreeMap<Verdict, u64>,
    /// Requests that the report lists: the plan and the verdict.
    pub(crate) offences: Vec<String>,
    pub(crate) done: u64,
    slow: u64,
    leaving: u64,
    faulty: u64,
    /// Bytes of the answers that were whole and right.
    right_bytes: u64,
    /// The longest requests, and their verdicts.
    longest: Vec<(Duration, String)>,
    pub(crate) kills: u64,
    /// The pixel processes that were killed in the middle of their work.
    pub(crate) pixel_kills: u64,
    /// The most memory of each images process and its pixel processes until it was killed.
    pub(crate) images_peaks: Vec<u64>,
    pub(crate) samples: Vec<Sample>,
}

/// The server at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) done: u64,
    pub(crate) memory: u64,
    /// The memory of the images process and its pixel processes in bytes, if there was one.
    pub(crate) images: Option<u64>,
    pub(crate) descriptors: usize,
}

impl Report {
    /// Adds a request to the tally.
    pub(crate) fn enter(&mut self, plan: &Plan, verdict: &Verdict, time: Duration) {
        self.done += 1;
        self.slow += u64::from((plan.sends, plan.reads) != (Pace::Fast, Pace::Fast));
        self.leaving += u64::from(plan.leaves != Leaves::Never);
        self.faulty += u64::from(plan.fault.is_some());
        if self.longest.len() < LONGEST || self.longest.iter().any(|(least, _)| time > *least) {
            self.longest.push((time, format!("{verdict}: {plan:?}")));
            self.longest
                .sort_by_key(|(time, _)| std::cmp::Reverse(*time));
            self.longest.truncate(LONGEST);
        }
        if *verdict == Verdict::Right {
            self.right_bytes += plan.bytes() as u64;
        }
        let is_offence = match verdict {
            Verdict::Wrong(_) | Verdict::Hung(_) => true,
            Verdict::Right => false,
            Verdict::Refused(..) | Verdict::Broken | Verdict::Unanswered(_) | Verdict::Left => {
                plan.must_succeed()
            }
        };
        if is_offence {
            self.offences.push(format!("{verdict}: {plan:?}"));
        }
        *self.verdicts.entry(verdict.clone()).or_default() += 1;
    }

    pub(crate) fn sample(&mut self, server: Process) {
        self.samples.push(Sample {
            done: self.done,
            memory: server.memory(),
            images: server.images().map(Process::memory_with_children),
            descriptors: server.descriptors(),
        });
    }

    /// The most memory that any images process has had.
    pub(crate) fn images_peak(&self) -> u64 {
        let samples = self.samples.iter().filter_map(|sample| sample.images);
        let peaks = self.images_peaks.iter().copied();
        peaks.chain(samples).max().unwrap_or(0)
    }

    pub(crate) fn count(&self, is_meant: impl Fn(&Verdict) -> bool) -> u64 {
        let meant = self
            .verdicts
            .iter()
            .filter(|(verdict, _)| is_meant(verdict));
        meant.map(|(_, count)| count).sum()
    }

    /// Returns the most memory in a part of the soak, whose bounds are in percent.
    pub(crate) fn memory(&self, stretch: std::ops::Range<u64>) -> u64 {
        let total = self.samples.last().map_or(0, |sample| sample.done);
        let inside = self
            .samples
            .iter()
            .filter(|sample| stretch.contains(&(sample.done * 100 / (total + 1))));
        inside.map(|sample| sample.memory).max().unwrap_or(0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            done,
            slow,
            leaving,
            faulty,
            kills,
            pixel_kills,
            longest,
            ..
        } = self;
        writeln!(
            f,
            "{done} requests: {slow} slow in sending or reading, {leaving} planned to leave, {faulty} with a fault of their own; \
             the images process was killed {kills} times beside that, and pixel processes {pixel_kills} times"
        )?;
        for (verdict, count) in &self.verdicts {
            writeln!(f, "{count:>8}  {verdict}")?;
        }
        let mut peaks = self.images_peaks.clone();
        peaks.sort_unstable();
        writeln!(
            f,
            "peak memory of the images process, each until it was killed: {} MB in half of them, {} MB at most",
            peaks
                .get(peaks.len() / 2)
                .map_or(0, |peak| peak / 1_000_000),
            self.images_peak() / 1_000_000
        )?;
        writeln!(
            f,
            "{} MB delivered whole and right; the longest requests:",
            self.right_bytes / 1_000_000
        )?;
        for (time, what) in longest {
            writeln!(f, "{:>6.1} s  {what}", time.as_secs_f64())?;
        }
        for sample in &self.samples {
            writeln!(f, "{sample}")?;
        }
        self.offences
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "after {:>6}: server {:>4} MB resident, {:>3} open files; images and pixel processes {:>4} MB",
            self.done,
            self.memory / 1_000_000,
            self.descriptors,
            self.images.unwrap_or(0) / 1_000_000
        )
    }
}
