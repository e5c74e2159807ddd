//! What to break on purpose: the layer nearest to a service, so that everything above must live with what it does.
//!
//! Faults are on for a run (from the config and the command line) or for the calls of one request (from its header).
//! Where there are none, the layer waits for the service's own future, without an allocation.

mod bodies;
mod error;
pub mod fault;
pub mod grammar;
pub mod header;
mod hop;
mod limits;
mod set;
mod strike;

use std::sync::Arc;

use wasmtime_wasi_http::WasiBody;

pub use error::FaultError;
pub use fault::Fault;
pub use hop::Hop;
pub use set::{FaultSet, Targets};

use crate::bindings::{Answer, CallContext};
use strike::Strike;

/// What may happen at one hop.
#[derive(Clone)]
pub struct HopFaults {
    hop: Hop,
    run: Arc<FaultSet>,
}

impl HopFaults {
    /// For one hop, with the faults that are on for the whole run.
    pub fn new(hop: Hop, run: Arc<FaultSet>) -> Self {
        Self { hop, run }
    }

    /// Makes a call, to which happens whatever is to happen.
    pub async fn suffered<F: Future<Output = Answer>>(
        self,
        request: http::Request<WasiBody>,
        next: impl FnOnce(http::Request<WasiBody>) -> F,
    ) -> Answer {
        let strikes = self.strikes(&request);
        match strikes.is_empty() {
            true => next(request).await,
            false => Box::pin(strike::suffer(request, next, self.hop, strikes)).await,
        }
    }

    /// What strikes this call: first the faults of the run, then those of the request that makes it.
    fn strikes(&self, request: &http::Request<WasiBody>) -> Vec<Strike> {
        let Some(context) = request.extensions().get::<CallContext>() else {
            return Vec::new();
        };
        let path = request.uri().path();
        let own = context.record.faults();
        self.run
            .striking(&self.hop, path)
            .chain(
                own.into_iter()
                    .flat_map(|own| own.striking(&self.hop, path)),
            )
            .map(|fault| Strike::new(fault, &context.record, &self.hop, request))
            .collect()
    }
}
