//! The front of a worker: public buckets answer first, then static files, then the worker.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use safelight_assets::site::Site;
use safelight_hop::{Body, Call, HopService, RequestContext};
use safelight_r2::public::PublicBuckets;
use safelight_worker::service::Callee;
use safelight_worker::{Worker, WorkerError, WorkerErrorKind};
use tower::service_fn;

use super::refusal::Refusal;

/// A worker with its public buckets and static files.
pub struct WorkerFront {
    /// The buckets with a public path. They answer clients, and not the calls of other workers.
    pub public: PublicBuckets,
    /// The static files, if there are any.
    pub site: Option<Site>,
    /// The worker; none for a site of static files alone.
    pub worker: Option<Worker>,
}

type Answered = Result<http::Response<Body>, WorkerError>;

impl WorkerFront {
    /// Answers a request of a client, whose URI must be absolute.
    ///
    /// # Errors
    /// When the worker does not answer, or is missing.
    pub async fn answer(
        &self,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Answered {
        let (parts, body) = request.into_parts();
        if let Some(response) = self.public.answer(&parts, context).await {
            return Ok(response);
        }
        if let Some(response) = self.file(&parts).await {
            return Ok(response);
        }
        let request = http::Request::from_parts(parts, body);
        self.worker()?.answer(request, context).await
    }

    /// Answers a call of another worker of the run.
    ///
    /// # Errors
    /// Fails like [`answer`](Self::answer), and when the worker has too many such calls.
    pub async fn answer_call(
        &self,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Answered {
        let (parts, body) = request.into_parts();
        if let Some(response) = self.file(&parts).await {
            return Ok(response);
        }
        let request = http::Request::from_parts(parts, body);
        self.worker()?.answer_call(request, context).await
    }

    /// The front as the callee of service bindings. Workers know each other without keeping each other alive.
    pub fn callee(self: &Arc<Self>) -> Callee {
        let front = Arc::downgrade(self);
        Arc::new(move |request, context| {
            let front = front.clone();
            Box::pin(async move { upgrade(&front)?.answer_call(request, &context).await })
                as Pin<Box<dyn Future<Output = Answered> + Send>>
        })
    }

    /// The front as a source of pictures by URL, where a failure is a response.
    pub fn source(self: &Arc<Self>) -> impl HopService {
        let front = self.clone();
        service_fn(move |call: Call| {
            let front = front.clone();
            async move {
                let context = call.context.request;
                let answer = front.answer(call.request, &context).await;
                Ok(answer.unwrap_or_else(|error| Refusal::Worker(error).report(&context)))
            }
        })
    }

    async fn file(&self, request: &http::request::Parts) -> Option<http::Response<Body>> {
        match &self.site {
            Some(site) => site.answer(request).await,
            None => None,
        }
    }

    fn worker(&self) -> Result<&Worker, WorkerError> {
        let missing = || WorkerErrorKind::NoAnswer("there is no worker".into());
        self.worker
            .as_ref()
            .ok_or_else(|| WorkerError::new(missing()))
    }
}

fn upgrade(front: &Weak<WorkerFront>) -> Result<Arc<WorkerFront>, WorkerError> {
    let gone = || WorkerErrorKind::NoAnswer("the worker is shut down".into());
    front.upgrade().ok_or_else(|| WorkerError::new(gone()))
}
