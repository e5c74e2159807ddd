//! A service binding: another worker of the same run, called in process.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use safelight_hop::{Answer, Body, Call, HopError, HopService, RequestContext, caller_url};
use tower::service_fn;

use crate::error::WorkerError;

/// The workers of a run by name. Bindings hold the registry before the workers exist, since two workers may call each
/// other.
#[derive(Clone, Default)]
pub struct WorkerRegistry(Arc<OnceLock<BTreeMap<String, Callee>>>);

/// Answers the calls of other workers. It must not keep its worker alive, since two may call each other.
pub type Callee =
    Arc<dyn Fn(http::Request<Body>, Arc<RequestContext>) -> CalleeAnswer + Send + Sync>;

/// The answer of a callee.
pub type CalleeAnswer =
    Pin<Box<dyn Future<Output = Result<http::Response<Body>, WorkerError>> + Send>>;

impl WorkerRegistry {
    /// Registers the workers, once.
    pub fn set(&self, workers: impl IntoIterator<Item = (String, Callee)>) {
        let _ = self.0.set(workers.into_iter().collect());
    }

    /// A service that calls the worker of this name.
    pub fn service(&self, callee: &str) -> impl HopService {
        let (registry, callee) = (self.clone(), Arc::<str>::from(callee));
        service_fn(move |call| registry.clone().call(callee.clone(), call))
    }

    async fn call(self, callee: Arc<str>, call: Call) -> Answer {
        let context = call.context;
        context.record.callee(&callee);
        let request = caller_url::restore(call.request)?;
        let (method, uri) = (request.method().clone(), request.uri());
        let called = context.request.calling(&callee, method, uri);
        let called = called.map_err(|limit| HopError::Subrequest {
            hop: context.hop,
            callee: callee.clone(),
            limit,
        })?;
        let Some(worker) = self.0.get().and_then(|workers| workers.get(&*callee)) else {
            return Err(HopError::NoCallee(callee));
        };
        // An error of the callee is an error of the call; it has no status.
        let answer = worker(request, called.clone()).await;
        answer.map_err(|error| HopError::Callee {
            name: callee,
            why: error.text(&called),
        })
    }
}
