//! The death of an instance: its cause, and the request that caused it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use safelight_hop::RequestContext;

use crate::limits::RefusedMemory;

/// The death of an instance.
#[derive(Debug)]
pub struct Death {
    /// The current request, if the guest caused the death.
    pub culprit: Option<Arc<RequestContext>>,
    /// The cause.
    pub cause: Cause,
}

/// The cause of an instance's death.
#[derive(Debug)]
pub enum Cause {
    /// A panic or another trap, with the engine's text.
    Trap(String),
    /// A request used more CPU time than it may.
    Cpu(Duration),
    /// The instance asked for more memory than it may have.
    Memory(RefusedMemory),
    /// Background work exceeded its time.
    BackgroundWork,
    /// The program ends.
    Stopped,
}

impl Death {
    /// Whether this request caused the death.
    pub fn is_caused_by(&self, request: &RequestContext) -> bool {
        self.culprit
            .as_ref()
            .is_some_and(|culprit| culprit.id() == request.id())
    }

    /// The text for a request that was not the cause, on one line.
    pub(crate) fn bystander_text(&self) -> String {
        match &self.culprit {
            Some(culprit) => format!(
                "this request shared its instance with {culprit}, for which the worker {}; try it again",
                self.cause
            ),
            None => format!("the worker {}, on behalf of no known request", self.cause),
        }
    }
}

/// Formats the cause as the rest of a sentence that begins with "the worker".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(text) => write!(f, "panicked or trapped ({text})"),
            Self::Cpu(limit) => write!(
                f,
                "used more than its CPU limit of {} ms for one request (limits.cpu_ms)",
                limit.as_millis()
            ),
            Self::Memory(refused) => refused.fmt(f),
            Self::BackgroundWork => {
                f.write_str("was ended: its work had gone on while nobody waited for it")
            }
            Self::Stopped => f.write_str("was stopped"),
        }
    }
}
