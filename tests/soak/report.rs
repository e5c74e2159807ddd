//! What all requests came to, and how the server looked meanwhile.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::plan::{Leaves, Pace, Plan};
use crate::process::Process;
use crate::verdict::Verdict;

/// The tally of a soak.
#[derive(Default)]
pub(crate) struct Report {
    verdicts: BTreeMap<Verdict, u64>,
    /// Requests of which something must be told: the plan and the verdict.
    pub(crate) offences: Vec<String>,
    pub(crate) done: u64,
    slow: u64,
    leaving: u64,
    faulty: u64,
    /// Bytes of the answers that were whole and right.
    right_bytes: u64,
    longest: (Duration, Option<Plan>),
    pub(crate) kills: u64,
    pub(crate) samples: Vec<Sample>,
}

/// The server at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) done: u64,
    pub(crate) memory: u64,
    pub(crate) descriptors: usize,
}

impl Report {
    /// Enters a request.
    pub(crate) fn enter(&mut self, plan: &Plan, verdict: &Verdict, time: Duration) {
        self.done += 1;
        self.slow += u64::from((plan.sends, plan.reads) != (Pace::Fast, Pace::Fast));
        self.leaving += u64::from(plan.leaves != Leaves::Never);
        self.faulty += u64::from(plan.fault.is_some());
        if time > self.longest.0 {
            self.longest = (time, Some(plan.clone()));
        }
        if *verdict == Verdict::Right {
            self.right_bytes += plan.bytes() as u64;
        }
        let is_offence = match verdict {
            Verdict::Wrong(_) | Verdict::Hung => true,
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
            descriptors: server.descriptors(),
        });
    }

    pub(crate) fn count(&self, is_meant: impl Fn(&Verdict) -> bool) -> u64 {
        let meant = self
            .verdicts
            .iter()
            .filter(|(verdict, _)| is_meant(verdict));
        meant.map(|(_, count)| count).sum()
    }

    /// The most memory in a stretch of the soak, in hundredths of it.
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
            longest: (longest, slowest),
            ..
        } = self;
        writeln!(
            f,
            "{done} requests: {slow} slow in sending or reading, {leaving} planned to leave, {faulty} with a fault of their own; \
             the images process was killed {kills} times beside that"
        )?;
        for (verdict, count) in &self.verdicts {
            writeln!(f, "{count:>8}  {verdict}")?;
        }
        writeln!(
            f,
            "{} MB delivered whole and right; the longest request took {:.1} s: {slowest:?}",
            self.right_bytes / 1_000_000,
            longest.as_secs_f64()
        )?;
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
            "after {:>6}: server {:>4} MB resident, {:>3} open files",
            self.done,
            self.memory / 1_000_000,
            self.descriptors
        )
    }
}
