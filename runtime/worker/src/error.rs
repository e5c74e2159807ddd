//! Why a worker has no answer.

use std::sync::Arc;

use safelight_hop::RequestContext;

use crate::death::Death;

/// Why a worker has no answer, and the last lines that it printed for the request.
#[derive(Debug)]
pub struct WorkerError {
    /// What happened.
    pub kind: WorkerErrorKind,
    /// The last lines that the worker printed for the request, oldest first.
    pub output: Vec<String>,
}

/// What happened to a request without an answer.
#[derive(Debug)]
pub enum WorkerErrorKind {
    /// The worker's `fetch` returned an error.
    Returned(String),
    /// The worker ended without an answer.
    NoAnswer(String),
    /// No instance could be made.
    Instantiation(String),
    /// The instance died, of this request or of another one in it.
    Died(Arc<Death>),
    /// The worker took too long after its client had left.
    Expired,
}

impl WorkerError {
    /// An error of a request for which the worker has printed nothing.
    pub fn new(kind: WorkerErrorKind) -> Self {
        Self {
            kind,
            output: Vec::new(),
        }
    }

    /// Whether the log of this request tells already what happened.
    pub fn is_logged(&self, request: &RequestContext) -> bool {
        matches!(&self.kind, WorkerErrorKind::Died(death) if death.is_of(request))
    }

    /// What happened to this request, on one line.
    pub fn text(&self, request: &RequestContext) -> String {
        match &self.kind {
            WorkerErrorKind::Returned(text) => format!("the worker returned an error: {text}"),
            WorkerErrorKind::NoAnswer(text) => {
                format!("the worker ended without an answer: {text}")
            }
            WorkerErrorKind::Instantiation(text) => {
                format!("the worker could not be started: {text}")
            }
            WorkerErrorKind::Expired => "the worker took too long".into(),
            WorkerErrorKind::Died(death) if death.is_of(request) => {
                format!("the worker {}", death.cause)
            }
            WorkerErrorKind::Died(death) => death.text_for_others(),
        }
    }
}
