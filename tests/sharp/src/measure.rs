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

/// Processor time of a process and its children so far, in milliseconds. The time of children that have ended counts.
pub(crate) fn cpu_ms(process: &Child) -> Outcome<f64> {
    // The kernel counts in hundredths of a second on every platform that Linux runs on today.
    const TICK_MS: f64 = 10.0;
    let mut ticks = 0.0;
    for stat in family(process.id())? {
        let times = stat.fields.get(11..15).ok_or("a short /proc/…/stat")?;
        for time in times {
            ticks += time.parse::<f64>()?;
        }
    }
    Ok(ticks * TICK_MS)
}

/// The sum of the peaks of a process and its children, in MB.
fn peak_mb(process: &Child) -> Outcome<f64> {
    let mut kb = 0.0;
    for stat in family(process.id())? {
        let status = fs::read_to_string(format!("/proc/{}/status", stat.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|line| line.split_whitespace().next());
        kb += peak.ok_or("no VmHWM")?.parse::<f64>()?;
    }
    Ok(kb / 1024.0)
}

/// The `stat` of one process.
struct Stat {
    pid: u32,
    /// The fields after the name, which may hold spaces and parentheses.
    fields: Vec<String>,
}

/// Reads the `stat` of a process and of its children.
fn family(process: u32) -> Outcome<Vec<Stat>> {
    let processes = fs::read_dir("/proc")?;
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let stats = pids.filter_map(|pid: u32| {
        // A process may end meanwhile.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let fields = fields.split_whitespace().map(str::to_owned).collect();
        Some(Stat { pid, fields })
    });
    let parent = process.to_string();
    let of_family = stats.filter(|stat| stat.pid == process || stat.fields.get(1) == Some(&parent));
    Ok(of_family.collect())
}
