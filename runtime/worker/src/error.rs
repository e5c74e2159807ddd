//! The errors of a request to a worker.

use std::sync::Arc;

use http::StatusCode;
use safelight_hop::RequestContext;

use crate::death::Death;
use crate::limits::RefusedMemory;

/// A request that a worker did not answer.
#[derive(Debug)]
pub struct WorkerError {
    /// The kind.
    pub kind: WorkerErrorKind,
    /// The last lines that the worker printed for the request, oldest first.
    pub output: Vec<String>,
}

/// The kind of a [`WorkerError`].
#[derive(Debug)]
pub enum WorkerErrorKind {
    /// The worker's `fetch` returned an error.
    Returned(String),
    /// The worker's answer has a status that ends no request, such as 100 or 101.
    NoFinalStatus(StatusCode),
    /// The worker ended without an answer.
    NoAnswer(String),
    /// No instance could be created.
    Instantiation(String),
    /// No instance could be created, because its first memory exceeds a limit.
    NoMemory(RefusedMemory),
    /// The instance died, because of this request or of another one.
    Died(Arc<Death>),
    /// The worker took too long after its client had left.
    Expired,
}

impl WorkerError {
    /// An error without output of the worker.
    pub fn new(kind: WorkerErrorKind) -> Self {
        Self {
            kind,
            output: Vec::new(),
        }
    }

    /// Whether this request's log contains the error already.
    pub fn is_logged(&self, request: &RequestContext) -> bool {
        matches!(&self.kind, WorkerErrorKind::Died(death) if death.is_caused_by(request))
    }

    /// The message for this request, on one line.
    pub fn text(&self, request: &RequestContext) -> String {
        match &self.kind {
            WorkerErrorKind::Returned(text) => format!("the worker returned an error: {text}"),
            WorkerErrorKind::NoFinalStatus(status) => format!(
                "the worker answered with the status {}, which ends no request",
                status.as_u16()
            ),
            WorkerErrorKind::NoAnswer(text) => {
                format!("the worker ended without an answer: {text}")
            }
            WorkerErrorKind::Instantiation(text) => {
                format!("the worker could not be started: {text}")
            }
            WorkerErrorKind::NoMemory(refused) => {
                format!("the worker could not be started: it {refused}")
            }
            WorkerErrorKind::Expired => "the worker took too long".into(),
            WorkerErrorKind::Died(death) if death.is_caused_by(request) => {
                format!("the worker {}", death.cause)
            }
            WorkerErrorKind::Died(death) => death.bystander_text(),
        }
    }
}
