//! The table.

use std::io::Write;

use serde_json::Value;

use crate::{job::Job, measure::Measured, quality::Scores};

/// Prints the heads of the columns.
pub(crate) fn head() {
    say(&format!(
        "{:<36} {:>2}  {:>7} {:>7} {:>6}  {:>6}  {:>11} {:>6}  {:>15}  {:>11}  sharp's settings",
        "job", "c", "ours/s", "sharp/s", "ratio", "cpu", "peak MB", "ratio", "bytes", "SSIMULACRA2"
    ));
}

/// One row: ratios are ours to sharp's; of processor time, sharp's to ours, so that more is better for us in both.
pub(crate) fn row(
    job: &Job,
    concurrency: usize,
    [ours, theirs]: [&Measured; 2],
    scores: Scores,
    options: &Value,
) {
    let scores = scores.map_or(String::new(), |(ours, theirs)| {
        format!("{ours:.1} {theirs:.1}")
    });
    say(&format!(
        "{:<36} {:>2}  {:>7.1} {:>7.1} {:>5.2}x  {:>5.2}x  {:>5.0} {:>5.0} {:>5.2}x  {:>7} {:>7}  {:>11}  {}",
        job.name,
        concurrency,
        ours.throughput,
        theirs.throughput,
        ours.throughput / theirs.throughput,
        theirs.cpu_ms / ours.cpu_ms,
        ours.peak_mb,
        theirs.peak_mb,
        ours.peak_mb / theirs.peak_mb,
        ours.result.len(),
        theirs.result.len(),
        scores,
        options,
    ));
}

fn say(line: &str) {
    // A reader that has closed the pipe needs no further line.
    let _closed = writeln!(std::io::stdout(), "{line}");
}
