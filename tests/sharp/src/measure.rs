//! The numbers of one measurement, read from `/proc`.

use std::{fs, process::Child};

use crate::Outcome;

/// One measurement of a process that made some images.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Images a second.
    pub(crate) throughput: f64,
    /// Processor time of one image, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// Most memory that the process ever had, in MB.
    pub(crate) peak_mb: f64,
    /// One of the results.
    pub(crate) result: Vec<u8>,
}

impl Measured {
    /// The measurement in the middle by throughput; each of its numbers belongs to the same run.
    pub(crate) fn median(mut all: Vec<Self>) -> Self {
        all.sort_by(|a, b| a.throughput.total_cmp(&b.throughput));
        all.swap_remove(all.len() / 2)
    }

    /// Makes the measurement of a process that took `ms` for `count` images. `before` is its earlier processor time in
    /// milliseconds.
    pub(crate) fn new(
        process: &Child,
        count: usize,
        ms: f64,
        before: f64,
        result: Vec<u8>,
    ) -> Outcome<Self> {
        Ok(Self {
            throughput: count as f64 * 1e3 / ms,
            cpu_ms: (cpu_ms(process)? - before) / count as f64,
            peak_mb: peak_mb(process)?,
            result,
        })
    }
}

/// Processor time of all threads so far, in milliseconds.
pub(crate) fn cpu_ms(process: &Child) -> Outcome<f64> {
    // The kernel counts in hundredths of a second on every platform that Linux runs on today.
    const TICK_MS: f64 = 10.0;
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
    // The name may hold spaces and parentheses; everything after the last one is numbers.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/…/stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next =
        || -> Outcome<f64> { Ok(fields.next().ok_or("a short /proc/…/stat")?.parse()?) };
    Ok((next()? + next()?) * TICK_MS)
}

fn peak_mb(process: &Child) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM")?;
    Ok(kb.parse::<f64>()? / 1024.0)
}
