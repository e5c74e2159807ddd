//! The table: medians as ratios to a call without the layers, and the spread of the sittings.

use std::fmt;
use std::time::Duration;

use safelight_hop::log::Time;

use crate::call::Layers;
use crate::load::SIZES;

pub(crate) const HOW_TO_READ: &str = "\
Each number is the time of a call with that layer, against one without both, in percent; in brackets the
lowest and the highest of the sittings, in each of which all processes were started anew. `off again` is the same call
as `off`: what it differs by is noise. `trace here` is trace of our own side, with a process that records nothing. Three processes are
called, each as often as the others, so that none is colder. `digest` is one checksum of the bytes, by itself; the service computes one and
the layer another, and both are part of `integrity` where the bytes are at hand. Where there are pixels the service
always computes its own, so that half is in `off` already. `!` marks more than 3 %. On a busy machine the fastest tenth
says more than the medians.
";

/// The overhead in percent above which a number is marked.
const MUCH: f64 = 3.0;

/// The calls of one size in one sitting.
pub(crate) struct Sitting {
    size: usize,
    times: Vec<(Layers, Duration)>,
    digest: Duration,
}

impl Sitting {
    pub(crate) fn add(&mut self, layers: Layers, time: Duration) {
        self.times.push((layers, time));
    }

    pub(crate) fn digest(&mut self, time: Duration) {
        self.digest = time;
    }

    fn at(&self, rank: f64, layers: Layers) -> Duration {
        ranked(times_with(&self.times, layers), rank)
    }
}

/// All sittings with one load.
pub(crate) struct Table(Vec<Sitting>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn sitting(&self, size: usize) -> Sitting {
        Sitting {
            size,
            times: Vec::new(),
            digest: Duration::ZERO,
        }
    }

    pub(crate) fn take(&mut self, sitting: Sitting) {
        self.0.push(sitting);
    }

    /// The table of the times at a rank: 0.5 is the median.
    pub(crate) fn at(&self, rank: f64) -> Ranked<'_> {
        Ranked { table: self, rank }
    }
}

/// A table, made of the times at one rank.
pub(crate) struct Ranked<'a> {
    table: &'a Table,
    rank: f64,
}

impl fmt::Display for Ranked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10} {:>10}", "bytes", "off")?;
        for name in ["integrity", "trace", "both", "off again", "trace here"] {
            write!(f, " {name:>22}")?;
        }
        writeln!(f, " {:>20}", "digest")?;
        for size in SIZES {
            let sittings = self.table.0.iter().filter(|s| s.size == size);
            self.row(f, size, &sittings.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

impl Ranked<'_> {
    fn row(&self, f: &mut fmt::Formatter<'_>, size: usize, sittings: &[&Sitting]) -> fmt::Result {
        let all: Vec<_> = sittings.iter().flat_map(|s| s.times.clone()).collect();
        let off = ranked(times_with(&all, Layers::Off), self.rank);
        write!(f, "{size:>10} {:>10}", Time(off).to_string())?;
        for layers in Layers::ALL {
            if layers == Layers::Off {
                continue;
            }
            let whole = more(ranked(times_with(&all, layers), self.rank), off);
            let each = sittings
                .iter()
                .map(|s| more(s.at(self.rank, layers), s.at(self.rank, Layers::Off)));
            let (low, high) = each.fold((f64::MAX, f64::MIN), |(low, high), ratio| {
                (low.min(ratio), high.max(ratio))
            });
            let mark = if whole > MUCH { "!" } else { " " };
            write!(f, " {whole:>+6.1} ({low:>+5.1} {high:>+5.1}){mark}  ")?;
        }
        let digest = ranked(sittings.iter().map(|s| s.digest).collect(), 0.5);
        let share = digest.as_secs_f64() / off.as_secs_f64() * 100.0;
        writeln!(f, " {:>10} {share:>6.1} %", Time(digest).to_string())
    }
}

fn times_with(times: &[(Layers, Duration)], layers: Layers) -> Vec<Duration> {
    let chosen = times.iter().filter(|(other, _)| *other == layers);
    chosen.map(|(_, time)| *time).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list that is some thousands long"
)]
fn ranked(mut times: Vec<Duration>, rank: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * rank) as usize;
    times.get(place).copied().unwrap_or_default()
}

/// Returns the excess of a time over another, in percent.
fn more(time: Duration, than: Duration) -> f64 {
    (time.as_secs_f64() / than.as_secs_f64() - 1.0) * 100.0
}
