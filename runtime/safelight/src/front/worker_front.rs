//! The front of a worker: public buckets answer first, then static files, then the worker.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use safelight_assets::site::Site;
use safelight_hop::capacity::{Capacity, Permit};
use safelight_hop::{Body, Call, HopService, RequestContext};
use safelight_r2::public::PublicBuckets;
use safelight_worker::service::Callee;
use safelight_worker::{Worker, WorkerError, WorkerErrorKind};
use tower::service_fn;

use super::refusal::Refusal;

/// Maximum number of concurrent requests of a worker and its static files; further ones wait. It is also the maximum
/// number of concurrent calls of other workers; further ones fail.
pub(super) const MAX_CONCURRENT_REQUESTS: usize = 1_024;

/// A worker with its public buckets and static files.
pub struct WorkerFront {
    /// The buckets with a public path. They answer clients, and not the calls of other workers.
    public: PublicBuckets,
    /// The static files, if there are any.
    site: Option<Site>,
    /// The worker; none for a site of static files alone.
    worker: Option<Worker>,
    permits: Capacity,
    call_permits: Capacity,
}

type Answered = Result<http::Response<Body>, WorkerError>;

impl WorkerFront {
    /// A front of these three, which are asked in this order.
    pub fn new(public: PublicBuckets, site: Option<Site>, worker: Option<Worker>) -> Self {
        Self {
            public,
            site,
            worker,
            permits: Capacity::new(MAX_CONCURRENT_REQUESTS),
            call_permits: Capacity::new(MAX_CONCURRENT_REQUESTS),
        }
    }

    /// Answers a request of a client, whose URI must be absolute. A request above the limit waits.
    ///
    /// # Errors
    /// Fails when the worker does not answer, or is missing.
    pub async fn answer(
        &self,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Answered {
        let (parts, body) = request.into_parts();
        if let Some(response) = self.public.answer(&parts, context).await {
            return Ok(response);
        }
        let request = http::Request::from_parts(parts, body);
        let permit = self.permits.acquire(context.holder()).await;
        self.answer_with_permit(permit, request, context).await
    }

    /// Answers a call of another worker. A call above the limit fails, since workers that wait for each other would
    /// deadlock.
    ///
    /// # Errors
    /// Fails like [`answer`](Self::answer), and when there are too many calls.
    pub async fn answer_call(
        &self,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Answered {
        let Some(permit) = self.call_permits.try_acquire(context.holder()) else {
            let text = format!("it has {MAX_CONCURRENT_REQUESTS} calls of other workers already");
            return Err(no_answer(text));
        };
        self.answer_with_permit(permit, request, context).await
    }

    async fn answer_with_permit(
        &self,
        permit: Permit,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Answered {
        let (parts, body) = request.into_parts();
        if let Some(site) = &self.site
            && let Some(response) = site.answer(&parts).await
        {
            return Ok(response);
        }
        let Some(worker) = &self.worker else {
            return Err(no_answer("there is no worker"));
        };
        let request = http::Request::from_parts(parts, body);
        worker.answer(permit, request, context).await
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
}

fn upgrade(front: &Weak<WorkerFront>) -> Result<Arc<WorkerFront>, WorkerError> {
    front
        .upgrade()
        .ok_or_else(|| no_answer("the worker is shut down"))
}

fn no_answer(text: impl Into<String>) -> WorkerError {
    WorkerError::new(WorkerErrorKind::NoAnswer(text.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Poll;

    use super::{Capacity, WorkerFront};
    use http::{Method, Uri};
    use safelight_assets::Assets;
    use safelight_assets::site::Site;
    use safelight_config::Config;
    use safelight_hop::log::Log;
    use safelight_hop::{RequestContext, body};
    use safelight_r2::public::PublicBuckets;
    use tempfile::TempDir;

    /// A site of one file and no worker, with this number of permits for requests and as many for calls.
    fn front(folder: &TempDir, permits: usize) -> WorkerFront {
        std::fs::write(folder.path().join("a.txt"), "a file").unwrap();
        let config = "name = 'site'\nassets = { directory = '.' }\n";
        std::fs::write(folder.path().join("wrangler.toml"), config).unwrap();
        let loaded = Config::load(folder.path(), None, None).unwrap();
        let config = loaded.config.assets.unwrap();
        let (assets, _) = Assets::open(&config, &[]).unwrap();
        let site = Site::new(assets, &config);
        WorkerFront {
            permits: Capacity::new(permits),
            call_permits: Capacity::new(permits),
            ..WorkerFront::new(PublicBuckets::default(), Some(site), None)
        }
    }

    fn request() -> (http::Request<safelight_hop::Body>, Arc<RequestContext>) {
        let uri = Uri::from_static("http://localhost/a.txt");
        let log = Log::new(std::io::sink());
        let context = RequestContext::new(1, Method::GET, &uri, log);
        let mut request = http::Request::new(body::full(""));
        *request.uri_mut() = uri;
        (request, Arc::new(context))
    }

    #[tokio::test]
    async fn a_request_of_a_file_waits_for_a_permit() {
        let folder = tempfile::tempdir().unwrap();
        let front = front(&folder, 1);
        let (request, context) = request();
        let permit = front.permits.try_acquire(context.holder());
        let mut answer = std::pin::pin!(front.answer(request, &context));
        // The permit is the first thing that it waits for.
        let first = std::future::poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        drop(permit);
        assert_eq!(answer.await.unwrap().status(), 200);
        assert!(front.permits.try_acquire(context.holder()).is_some());
    }

    #[tokio::test]
    async fn a_call_for_a_file_fails_without_a_permit() {
        let folder = tempfile::tempdir().unwrap();
        let (first, context) = request();
        let full = front(&folder, 0).answer_call(first, &context).await;
        let text = full.map(|_| ()).unwrap_err().text(&context);
        assert!(text.contains("1024 calls of other workers"), "{text}");
        let (second, context) = request();
        let answer = front(&folder, 1).answer_call(second, &context).await;
        assert_eq!(answer.unwrap().status(), 200);
    }
}
