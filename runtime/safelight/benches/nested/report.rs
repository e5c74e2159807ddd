//! The times of a load, as a line and a table.

use std::fmt;
use std::time::Duration;

use crate::hops::Part;

/// Requests of some clients at a time.
pub(crate) struct Load {
    pub(crate) clients: usize,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// The time of each request, as its client saw it.
    pub(crate) times: Vec<Duration>,
    /// The mean time of each part of a request, in milliseconds.
    pub(crate) hops: Vec<Part>,
}

impl Load {
    /// Returns the time within which a percentage of the answers arrived.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(at.min(last)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = f64::from(u32::try_from(self.times.len()).unwrap_or(u32::MAX));
        let rate = count / self.took.as_secs_f64();
        let shown = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        writeln!(
            f,
            "{} at a time: {rate:.2} requests/s, p50 {:.0} ms, p99 {:.0} ms ({count} requests)",
            self.clients,
            shown(50),
            shown(99)
        )?;
        let all: f64 = self.hops.iter().map(|(_, time)| time).sum();
        writeln!(f, "\n| part | mean ms | share |\n|---|---:|---:|")?;
        for (name, time) in &self.hops {
            let share = time / all * 100.0;
            writeln!(f, "| {name} | {time:.1} | {share:.1} % |")?;
        }
        writeln!(f, "| all | {all:.1} | 100 % |")
    }
}
