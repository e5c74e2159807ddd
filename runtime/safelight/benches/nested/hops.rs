//! The mean time of each part of a request, in order, from the traces of a load.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// A part of a request, and its mean time in milliseconds.
pub(crate) type Part = (String, f64);

/// The fields of a trace that are read.
#[derive(Deserialize)]
struct Trace {
    target: String,
    client: Client,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Client {
    end_us: Option<u64>,
}

#[derive(Deserialize)]
struct Call {
    hop: String,
    called_us: u64,
    head_us: Option<u64>,
    server_timing: Option<String>,
}

/// The stages of the images process, as its `server-timing` names them.
const STAGES: [(&str, &str); 5] = [
    ("form", "form read"),
    ("queue", "waited for a thread"),
    ("decode", "decode"),
    ("ops", "operations"),
    ("encode", "encode"),
];

/// The calls of the images process: the worker's own, and the URL's.
const CALLS: [(&str, &str); 2] = [("IMAGES", "inner"), ("image-url", "outer")];

/// Returns the means over the newest `requests` traces of this target. The last part is the rest of the time.
pub(crate) fn means(json: &[u8], target: &str, requests: usize) -> anyhow::Result<Vec<Part>> {
    let traces: Vec<Trace> = serde_json::from_slice(json)?;
    let own = traces.into_iter().filter(|trace| trace.target == target);
    let own: Vec<_> = own.take(requests).collect();
    ensure!(own.len() == requests, "{} traces are kept", own.len());
    let mut sums: Vec<Part> = Vec::new();
    for trace in &own {
        let parts = parts(trace)?;
        if sums.is_empty() {
            sums = parts;
            continue;
        }
        for (sum, part) in sums.iter_mut().zip(parts) {
            sum.1 += part.1;
        }
    }
    let count = f64::from(u32::try_from(requests)?);
    Ok(sums
        .into_iter()
        .map(|(name, sum)| (name, sum / count))
        .collect())
}

fn parts(trace: &Trace) -> anyhow::Result<Vec<Part>> {
    let reads = trace.calls.iter().filter(|call| call.hop == "PARTS");
    let mut bucket = 0;
    for read in reads {
        let head = read.head_us.context("a read of the bucket has no answer")?;
        bucket += head.saturating_sub(read.called_us);
    }
    let mut parts = vec![("R2: five objects found".to_owned(), milliseconds(bucket)?)];
    for (hop, name) in CALLS {
        let mut calls = trace.calls.iter();
        let call = calls.find(|call| call.hop == hop);
        let timing = call.and_then(|call| call.server_timing.as_deref());
        let timing = timing.with_context(|| format!("{hop} does not tell its time"))?;
        for (stage, told) in STAGES {
            let found = timing
                .split(',')
                .filter_map(|part| part.trim().split_once(";dur="));
            let time = found.into_iter().find(|(found, _)| *found == stage);
            let (_, time) = time.with_context(|| format!("{hop} does not tell of {stage}"))?;
            parts.push((format!("{name}: {told}"), time.parse()?));
        }
    }
    let whole = trace.client.end_us.context("a request has no end")?;
    let known: f64 = parts.iter().map(|(_, time)| time).sum();
    parts.push(("the rest".to_owned(), milliseconds(whole)? - known));
    Ok(parts)
}

fn milliseconds(us: u64) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(us)?) / 1e3)
}
