//! How an instance died.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use safelight_hop::RequestContext;

/// How an instance died, and of which request.
#[derive(Debug)]
pub struct Death {
    /// The request that the guest was working for, if it was the guest's doing.
    pub culprit: Option<Arc<RequestContext>>,
    /// What ended it.
    pub cause: Cause,
}

/// What ends an instance.
#[derive(Debug)]
pub enum Cause {
    /// A panic or another trap, with the engine's text.
    Trap(String),
    /// A request used more CPU time than it may.
    Cpu(Duration),
    /// The instance asked for more memory than it may have, in bytes.
    Memory {
        /// What it would have had.
        requested: usize,
        /// What it may have.
        limit: usize,
    },
    /// Its work went on long after nobody waited for it any more.
    BackgroundWork,
    /// The program ends.
    Stopped,
}

impl Death {
    /// Whether it was this request that the instance died of.
    pub fn is_of(&self, request: &RequestContext) -> bool {
        self.culprit
            .as_ref()
            .is_some_and(|culprit| culprit.id() == request.id())
    }

    /// What happened to a request that was not the cause, on one line.
    pub(crate) fn text_for_others(&self) -> String {
        match &self.culprit {
            Some(culprit) => format!(
                "this request shared its instance with {culprit}, for which the worker {}; try it again",
                self.cause
            ),
            None => format!("the worker {}, on behalf of no known request", self.cause),
        }
    }
}

/// Shows a cause as the rest of a sentence that begins with "the worker".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(text) => write!(f, "panicked or trapped ({text})"),
            Self::Cpu(limit) => write!(
                f,
                "used more than its CPU limit of {} ms for one request (limits.cpu_ms)",
                limit.as_millis()
            ),
            Self::Memory { requested, limit } => write!(
                f,
                "asked for {requested} bytes of memory, more than its limit of {limit}"
            ),
            Self::BackgroundWork => {
                f.write_str("was ended: its work had gone on while nobody waited for it")
            }
            Self::Stopped => f.write_str("was stopped"),
        }
    }
}
