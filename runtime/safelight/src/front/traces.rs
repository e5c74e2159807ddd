//! The traces of the last requests.
//!
//! The images process records its side only with `--trace` or `--trace-keep`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use safelight_hop::log::Log;
use safelight_hop::trace::{Arrival, RequestTrace, Trace, tree};
use safelight_hop::{Body, RequestContext};
use safelight_images_client::transports::Transports;
use safelight_net::pool::Pool;
use safelight_protocol::paths::OWN_PREFIX;
use tokio::runtime::Handle;

/// Default number of requests that are kept.
const DEFAULT_KEEP: u16 = 100;
/// Maximum number of requests that are kept.
const MAX_KEEP: i64 = 10_000;
/// Number of calls that the images process keeps for each request that is kept here.
const CALLS_PER_REQUEST: u16 = 4;

/// The flags for traces.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct TraceOptions {
    /// Show every hop of a request under its line.
    #[arg(long)]
    pub trace: bool,
    /// Requests to keep at /cdn-cgi/safelight/trace, with the images process's side; 0 keeps none
    /// [default: 100, without that side].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=MAX_KEEP))]
    pub trace_keep: Option<u16>,
}

impl TraceOptions {
    fn keep(self) -> u16 {
        self.trace_keep.unwrap_or(DEFAULT_KEEP)
    }

    /// Number of calls whose transport the images process keeps.
    pub fn transports(self) -> u16 {
        match self.trace || self.trace_keep.is_some() {
            true => self.keep().saturating_mul(CALLS_PER_REQUEST),
            false => 0,
        }
    }
}

/// The traces of the last requests.
pub struct Traces {
    keep: usize,
    live: bool,
    transports: Transports,
    log: Log,
    kept: Mutex<VecDeque<Arc<RequestTrace>>>,
}

impl Traces {
    /// Traces by these options. `pool` connects to the images process, if there is one.
    pub fn new(options: TraceOptions, pool: Option<Pool<Body>>, log: Log) -> Arc<Self> {
        let keep = options.keep().into();
        Arc::new(Self {
            keep,
            live: options.trace,
            transports: Transports::new(pool.filter(|_| options.transports() > 0)),
            log,
            kept: Mutex::new(VecDeque::with_capacity(keep)),
        })
    }

    /// Begins the trace of a request, unless no traces are kept or the request is for one of safelight's own paths.
    pub fn begin(&self, arrival: &Arrival<'_>) -> Option<Arc<RequestTrace>> {
        if self.keep == 0 || arrival.uri.path().starts_with(OWN_PREFIX) {
            return None;
        }
        let trace = RequestTrace::begin(arrival);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.keep {
            kept.pop_front();
        }
        kept.push_back(trace.clone());
        Some(trace)
    }

    /// Shows the trace of a request that has ended, if traces are shown live.
    pub fn show(self: &Arc<Self>, context: &RequestContext) {
        let Some(trace) = context.trace() else { return };
        if self.live
            && let Ok(runtime) = Handle::try_current()
        {
            let (traces, trace) = (self.clone(), trace.clone());
            runtime.spawn(async move {
                let whole = traces.whole(&trace).await;
                traces.log.line(tree::Tree(&whole));
            });
        }
    }

    /// All kept traces, newest first, as a JSON array, without the images process's side.
    pub fn list(&self) -> String {
        let kept: Vec<_> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.iter().rev().cloned().collect()
        };
        let traces: Vec<Trace> = kept.iter().map(|trace| trace.snapshot()).collect();
        self.redacted(&traces)
    }

    /// Number of requests that are kept.
    pub fn keep(&self) -> usize {
        self.keep
    }

    /// The trace of a request as a JSON object, with the images process's side; none if it is not kept.
    pub async fn one(&self, id: &str) -> Option<String> {
        let kept = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let number = id.parse().ok();
            kept.iter()
                .find(|trace| Some(trace.id()) == number)
                .cloned()
        };
        Some(self.redacted(&self.whole(&*kept?).await))
    }

    /// A value as JSON, with the URLs in it as the log shows them.
    fn redacted(&self, value: &impl serde::Serialize) -> String {
        redact_strings(&json(value), &self.log)
    }

    /// A trace with both sides of every call.
    async fn whole(&self, trace: &RequestTrace) -> Trace {
        trace.settle().await;
        let mut whole = trace.snapshot();
        self.transports.join(&mut whole).await;
        whole
    }
}

/// Redacts each string of a JSON text by itself, so that the text stays JSON.
fn redact_strings(json: &str, log: &Log) -> String {
    let mut redacted = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((between, string)) = rest.split_once('"') {
        let length = string_length(string);
        let (content, after) = string.split_at(length);
        let literal = format!("\"{content}\"");
        let shown =
            serde_json::from_str::<String>(&literal).map(|text| log.redacted(&text).into_owned());
        redacted.push_str(between);
        redacted.push_str(&shown.map_or(literal, |shown| self::json(&shown)));
        rest = after.strip_prefix('"').unwrap_or(after);
    }
    redacted.push_str(rest);
    redacted
}

/// Returns the length of a string in JSON, up to the quotation mark that ends it.
fn string_length(string: &str) -> usize {
    let mut is_escaped = false;
    string
        .find(|c| match (is_escaped, c) {
            (true, _) => {
                is_escaped = false;
                false
            }
            (false, '\\') => {
                is_escaped = true;
                false
            }
            (false, c) => c == '"',
        })
        .unwrap_or(string.len())
}

/// Serializes a value. The types of this module never fail.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string())
}
