//! A service binding: another worker of the same run, called in process.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};

use tower::Service;
use wasmtime_wasi_http::{Error, WasiBody};

use super::{CallContext, caller_url};
use crate::trace::CallTrace;
use crate::worker::Worker;

/// The workers of a run by name. Their bindings know them before they are there, since two may call each other.
#[derive(Clone, Default)]
pub struct Callees(Arc<OnceLock<BTreeMap<String, Weak<Worker>>>>);

impl Callees {
    /// Says, once, who is there. Whoever runs the workers keeps them alive.
    pub fn set<'a>(&self, workers: impl IntoIterator<Item = (String, &'a Arc<Worker>)>) {
        let workers = workers.into_iter();
        let weak = workers.map(|(name, worker)| (name, Arc::downgrade(worker)));
        let _ = self.0.set(weak.collect());
    }

    fn get(&self, name: &str) -> Option<Arc<Worker>> {
        self.0.get()?.get(name)?.upgrade()
    }
}

/// The service behind a service binding.
#[derive(Clone)]
pub struct WorkerService {
    callee: Arc<str>,
    callees: Callees,
}

impl WorkerService {
    /// A service that asks the worker of this name.
    pub fn new(callee: &str, callees: Callees) -> Self {
        Self {
            callee: callee.into(),
            callees,
        }
    }

    async fn asked(
        self,
        request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let failed = |what: String| Error::InternalError(Some(what));
        let Some(context) = request.extensions().get::<CallContext>().cloned() else {
            return Err(failed("a call that belongs to no request".into()));
        };
        let callee = &self.callee;
        if let Some(trace) = request.extensions().get::<CallTrace>() {
            trace.asks(callee);
        }
        let request = caller_url::restore(request)?;
        let (method, uri) = (request.method().clone(), request.uri());
        let record = context
            .record
            .calling(callee, method, uri)
            .map_err(|refused| failed(format!("service {} ({callee}): {refused}", context.hop)))?;
        let Some(worker) = self.callees.get(callee) else {
            return Err(failed(format!("the worker {callee} does not run")));
        };
        // An error of the callee is one of the call: no status stands for it.
        worker
            .answer_call(request, &record)
            .await
            .map_err(|failure| failed(format!("{callee}: {}", failure.text(&record))))
    }
}

impl Service<http::Request<WasiBody>> for WorkerService {
    type Response = http::Response<WasiBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<WasiBody>) -> Self::Future {
        Box::pin(self.clone().asked(request))
    }
}
