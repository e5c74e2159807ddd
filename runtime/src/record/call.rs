//! One call of a binding, as it is logged.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::log::{Bytes, Time};

/// One call of a binding, as it is logged.
#[derive(Clone, Debug)]
pub struct BindingCall {
    /// The binding's name.
    pub name: String,
    /// Path of the call on the binding, such as `/transform`.
    pub path: String,
    /// Status of the answer, unless there was none.
    pub status: Option<StatusCode>,
    /// What the service says it did.
    pub summary: Option<String>,
    /// Bytes of the request's body that the service took.
    pub sent: u64,
    /// Bytes of the response's body that came back.
    pub received: u64,
    /// From the call to the end of its response.
    pub time: Duration,
    /// What went wrong on the way, if anything.
    pub fault: Option<String>,
}

impl fmt::Display for BindingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.path)?;
        if let Some(status) = self.status {
            write!(f, " {}", status.as_u16())?;
        }
        if let Some(summary) = &self.summary {
            write!(f, " {summary}")?;
        }
        write!(
            f,
            " ({} in, {} out) in {}",
            Bytes(self.sent),
            Bytes(self.received),
            Time(self.time)
        )?;
        match &self.fault {
            Some(fault) => write!(f, " FAILED: {fault}"),
            None => Ok(()),
        }
    }
}
