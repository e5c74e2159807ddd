//! The layer that injects faults. It is the innermost one, so that all others see the effect.
//!
//! Faults are active for a run (from the config and the command line) or for the calls of one request (from its header).
//! Without a fault, the layer awaits the service's own future and allocates nothing.

mod bodies;
mod injection;
mod note;

use std::sync::Arc;

pub use self::injection::CrashPixels;
use self::injection::Injection;
use crate::body::Answer;
use crate::call::Call;
use crate::faults::{FaultSet, Hop};

/// The faults that may apply to one hop.
#[derive(Clone)]
pub struct HopFaults {
    hop: Hop,
    run: Arc<FaultSet>,
}

impl HopFaults {
    /// Makes the layer of a hop. `run` holds the faults of the whole run.
    pub fn new(hop: Hop, run: Arc<FaultSet>) -> Self {
        Self { hop, run }
    }

    /// Makes a call with all matching faults.
    pub async fn apply<F: Future<Output = Answer>>(
        self,
        call: Call,
        next: impl FnOnce(Call) -> F,
    ) -> Answer {
        let injections = self.matching(&call);
        match injections.is_empty() {
            true => next(call).await,
            false => Box::pin(injection::inject_all(call, next, self.hop, injections)).await,
        }
    }

    /// The faults for this call: those of the run, then those of its request.
    fn matching(&self, call: &Call) -> Vec<Injection> {
        let path = call.request.uri().path();
        let own = call.context.request.faults();
        let run = self.run.matching(&self.hop, path);
        let all = run.chain(own.matching(&self.hop, path));
        all.map(|fault| Injection::new(fault, &self.hop, call))
            .collect()
    }
}
