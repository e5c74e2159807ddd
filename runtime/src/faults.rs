//! What to break on purpose: the layer nearest to a service, so that everything above must live with what it does.
//!
//! Faults are on for a run (from the config and the command line) or for the calls of one request (from its header).
//! Where there are none, the layer passes the service's own future on.

mod bodies;
mod error;
pub mod fault;
pub mod grammar;
pub mod header;
mod hop;
mod limits;
mod set;
mod strike;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::{Layer, Service};
use wasmtime_wasi_http::{Error, WasiBody};

pub use error::FaultError;
pub use fault::Fault;
pub use hop::Hop;
pub use set::{FaultSet, Targets};

use crate::bindings::CallContext;
use strike::Strike;

/// Breaks calls of the service below.
#[derive(Clone)]
pub struct FaultLayer {
    hop: Hop,
    run: Arc<FaultSet>,
}

impl FaultLayer {
    /// For one hop, with the faults that are on for the whole run.
    pub fn new(hop: Hop, run: Arc<FaultSet>) -> Self {
        Self { hop, run }
    }
}

impl<S> Layer<S> for FaultLayer {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Faulty<S> {
        Faulty {
            inner,
            hop: self.hop.clone(),
            run: self.run.clone(),
        }
    }
}

/// See [`FaultLayer`].
#[derive(Clone)]
pub struct Faulty<S> {
    inner: S,
    hop: Hop,
    run: Arc<FaultSet>,
}

impl<S> Faulty<S> {
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
            .map(|fault| Strike::new(fault, &context.record, &self.hop, path))
            .collect()
    }
}

impl<S> Service<http::Request<WasiBody>> for Faulty<S>
where
    S: Service<http::Request<WasiBody>, Response = http::Response<WasiBody>, Error = Error>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    type Response = http::Response<WasiBody>;
    type Error = Error;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<WasiBody>) -> Self::Future {
        let strikes = self.strikes(&request);
        if strikes.is_empty() {
            return Answer::Spared {
                answer: self.inner.call(request),
            };
        }
        // The copy that was asked whether it is ready is the one to use.
        let copy = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, copy);
        Answer::Struck {
            answer: Box::pin(strike::suffer(ready, request, self.hop.clone(), strikes)),
        }
    }
}

pin_project! {
    /// The answer of a call that may have been struck.
    #[project = Projected]
    pub enum Answer<F> {
        Spared {
            #[pin]
            answer: F,
        },
        Struck {
            answer: Pin<Box<dyn Future<Output = Result<http::Response<WasiBody>, Error>> + Send>>,
        },
    }
}

impl<F> Future for Answer<F>
where
    F: Future<Output = Result<http::Response<WasiBody>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projected::Spared { answer } => answer.poll(cx),
            Projected::Struck { answer } => answer.as_mut().poll(cx),
        }
    }
}
