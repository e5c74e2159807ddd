//! The context of a client's request, shared by all calls on its behalf.

mod chain;
mod failures;
mod guard;
pub mod upload;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::{Method, StatusCode, Uri};
use tokio::sync::watch;

use self::chain::Chain;
pub use self::failures::Failures;
pub use self::guard::RequestGuard;
use crate::capacity::Holder;
use crate::error::SubrequestLimitError;
use crate::faults::FaultSet;
use crate::log::{Bytes, Log, Time};
use crate::trace::{End, RequestTrace};

/// A client's request, or the call of another worker on its behalf.
///
/// Its number, method, target, start and log never change. All calls on its behalf, also those of called workers, share and
/// write its trace, the counts of its faults, its first failures and its number of workers.
#[derive(Debug)]
pub struct RequestContext {
    id: u64,
    method: Method,
    target: String,
    started: Instant,
    log: Log,
    trace: Option<Arc<RequestTrace>>,
    faults: Arc<FaultSet>,
    failures: Arc<Failures>,
    /// Sends when the client's response has ended.
    ended: watch::Sender<()>,
    chain: Chain,
    /// The holder of what the client's request has of the runtime's capacity.
    holder: Holder,
}

impl RequestContext {
    /// Makes the context of a new request, without trace and faults.
    pub fn new(id: u64, method: Method, uri: &Uri, log: Log) -> Self {
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        Self {
            id,
            method,
            target: target.to_owned(),
            started: Instant::now(),
            log,
            trace: None,
            faults: Arc::default(),
            failures: Arc::default(),
            ended: watch::Sender::new(()),
            chain: Chain::default(),
            holder: Holder::new(id, Arc::default()),
        }
    }

    /// Keeps a trace of the request's hops.
    #[must_use]
    pub fn with_trace(self, trace: Option<Arc<RequestTrace>>) -> Self {
        Self { trace, ..self }
    }

    /// Holds what the request has of the runtime's capacity by this holder.
    #[must_use]
    pub fn with_holder(self, holder: Holder) -> Self {
        Self { holder, ..self }
    }

    /// Injects faults into the request's own calls.
    #[must_use]
    pub fn with_faults(self, faults: FaultSet) -> Self {
        Self {
            faults: Arc::new(faults),
            ..self
        }
    }

    /// Makes the context of a guest's work outside of any request.
    pub fn background(log: Log) -> Arc<Self> {
        Arc::new(Self::new(0, Method::GET, &Uri::from_static("/"), log))
    }

    /// Makes the context of another worker that is called on behalf of this request. It has the same number, faults and trace.
    ///
    /// # Errors
    /// Fails when the chain of workers, or their number, is at its limit.
    pub fn calling(
        &self,
        worker: &Arc<str>,
        method: Method,
        uri: &Uri,
    ) -> Result<Arc<Self>, SubrequestLimitError> {
        Ok(Arc::new(Self {
            id: self.id,
            method,
            target: uri.to_string(),
            started: Instant::now(),
            log: self.log.clone(),
            trace: self.trace.clone(),
            faults: self.faults.clone(),
            failures: self.failures.clone(),
            ended: self.ended.clone(),
            chain: self.chain.call(worker)?,
            holder: self.holder.clone(),
        }))
    }

    /// The request's number, unique while the program runs.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The called worker; `None` for the worker of the client's own request.
    pub fn worker(&self) -> Option<&str> {
        self.chain.worker.as_deref()
    }

    /// The faults of this request's own calls.
    pub fn faults(&self) -> &FaultSet {
        &self.faults
    }

    /// The trace of the request's hops, if one is kept.
    pub fn trace(&self) -> Option<&Arc<RequestTrace>> {
        self.trace.as_ref()
    }

    /// The holder of what the client's request has of the runtime's capacity.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The first failures of the request's bodies.
    pub fn failures(&self) -> &Failures {
        &self.failures
    }

    /// Returns a receiver that changes when the client's response ends. It never changes after a response that has ended.
    pub fn ended(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    /// Logs the request's own line, once its response has ended.
    pub fn finish(&self, status: StatusCode, bytes: u64, end: End) {
        self.ended.send_replace(());
        let note = match end {
            End::Whole | End::Open => "",
            End::Broken | End::Failed => " BROKEN: the transfer was cut off on purpose, see above",
            End::Dropped => " (the client left before the end)",
        };
        self.log.line(format_args!(
            "{self} {} {} in {}{note}",
            status.as_u16(),
            Bytes(bytes),
            Time(self.started.elapsed()),
        ));
    }

    /// Logs an event of this request.
    pub fn note(&self, what: impl fmt::Display) {
        match &self.chain.worker {
            None => self.log.line(format_args!("  [{}] {what}", self.id)),
            Some(worker) => self
                .log
                .line(format_args!("  [{}] {worker}: {what}", self.id)),
        }
    }
}

/// Shows a request as its number, method and target.
impl fmt::Display for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {} {}", self.id, self.method, self.target)
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};

    use super::RequestContext;
    use crate::log::{Log, MemoryLog};

    fn context(log: MemoryLog) -> RequestContext {
        let uri = Uri::from_static("http://host/path?query");
        RequestContext::new(7, Method::GET, &uri, Log::new(log))
    }

    #[test]
    fn a_request_is_named_by_number_method_and_target() {
        let shown = context(MemoryLog::default()).to_string();
        assert_eq!(shown, "[7] GET /path?query");
    }

    #[test]
    fn a_note_of_a_called_worker_has_its_name() {
        let log = MemoryLog::default();
        let context = context(log.clone());
        let uri = Uri::from_static("http://inner/");
        let called = context.calling(&"auth".into(), Method::GET, &uri).unwrap();
        context.note("outer");
        called.note("inner");
        assert_eq!(log.text(), "  [7] outer\n  [7] auth: inner\n");
    }
}
