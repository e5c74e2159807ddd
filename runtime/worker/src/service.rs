//! A service binding: another worker of the same run, called in process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use safelight_hop::{Answer, Call, HopError, HopService, caller_url};
use tower::service_fn;

use crate::worker::Worker;

/// The workers of a run by name. Their bindings hold the registry before the workers exist, since two may call each other.
#[derive(Clone, Default)]
pub struct WorkerRegistry(Arc<OnceLock<BTreeMap<String, Weak<Worker>>>>);

impl WorkerRegistry {
    /// Registers the workers, once. The caller keeps them alive.
    pub fn set<'a>(&self, workers: impl IntoIterator<Item = (String, &'a Arc<Worker>)>) {
        let workers = workers.into_iter();
        let weak = workers.map(|(name, worker)| (name, Arc::downgrade(worker)));
        let _ = self.0.set(weak.collect());
    }

    /// A service that calls the worker of this name.
    pub fn service(&self, callee: &str) -> impl HopService {
        let (registry, callee) = (self.clone(), Arc::<str>::from(callee));
        service_fn(move |call| registry.clone().call(callee.clone(), call))
    }

    fn get(&self, name: &str) -> Option<Arc<Worker>> {
        self.0.get()?.get(name)?.upgrade()
    }

    async fn call(self, callee: Arc<str>, call: Call) -> Answer {
        let context = call.context;
        context.record.callee(&callee);
        let request = caller_url::restore(call.request)?;
        let (method, uri) = (request.method().clone(), request.uri());
        let called = context.request.calling(&callee, method, uri);
        let called = called.map_err(|refused| {
            let hop = &context.hop;
            HopError::Service(format!("service {hop} ({callee}): {refused}"))
        })?;
        let Some(worker) = self.get(&callee) else {
            let text = format!("the worker {callee} does not run");
            return Err(HopError::Service(text));
        };
        // An error of the callee is one of the call: no status stands for it.
        worker.answer_call(request, &called).await.map_err(|error| {
            HopError::Service(format!("{callee}: {}", error.text(&called)))
        })
    }
}
