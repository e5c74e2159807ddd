//! The last step of pictures by URL and by `fetch`: from a source's response to the client's response.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::request::Parts;
use safelight_hop::{Body, RequestContext, body};

use crate::answer::success_response;
use crate::error::DeliveryError;
use crate::request::TransformRequest;
use crate::response_hints::ResponseHints;
use crate::source::FetchedSource;
use crate::transform::Transformations;
use crate::validators::CacheValidators;

/// A fetched source with the transformation to apply.
pub(crate) struct Delivery {
    /// The source's response.
    pub(crate) source: FetchedSource,
    /// The transformation.
    pub(crate) request: TransformRequest,
    /// A text that differs for different results of the same source. The entity tag is made of it; without it there is
    /// none.
    pub(crate) identity: Option<String>,
    /// The response headers that do not come from the images process.
    pub(crate) hints: ResponseHints,
    /// The longest pause between the bytes of the result, if a guest has set one.
    pub(crate) between_bytes: Option<Duration>,
}

impl Delivery {
    /// Answers the request with this head: 304 if the client's copy is current, else the result.
    ///
    /// # Errors
    /// When the source is cut off, or the images process returns an error or fails.
    pub(crate) async fn run(
        self,
        transformations: &Transformations,
        head: &Parts,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, DeliveryError> {
        let validators = CacheValidators::new(self.source.response.headers(), self.identity);
        if let Some(not_modified) = validators.not_modified(&head.headers, &self.hints) {
            return Ok(not_modified);
        }
        let source_time = self.source.time;
        let transformed = transformations
            .run(self.source, self.request, context, self.between_bytes)
            .await?;
        let response = success_response(transformed, &validators, self.hints, source_time);
        Ok(match head.method == Method::HEAD {
            true => response.map(|_| body::full("")),
            false => response,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use safelight_hop::faults::ImagesFaults;
    use safelight_hop::log::{Log, MemoryLog};
    use safelight_hop::{Call, HopError, RequestContext, body};
    use tower::service_fn;

    use super::Delivery;
    use crate::output::{Format, Output};
    use crate::request::TransformRequest;
    use crate::response_hints::ResponseHints;
    use crate::source::{FetchError, FetchedSource};
    use crate::transform::Transformations;

    const LIMIT: Duration = Duration::from_millis(100);

    /// A client of an images process whose answer has a head and never a body.
    fn stalled_images() -> Transformations {
        let images = service_fn(|_: Call| async {
            let frames = futures_util::stream::pending::<Result<Frame<Bytes>, HopError>>();
            Ok::<_, HopError>(http::Response::new(StreamBody::new(frames).boxed_unsync()))
        });
        let effects = ImagesFaults {
            reset: || Err(HopError::Closed),
            error: |_| Err(HopError::Closed),
            kill: Arc::new(|| Box::pin(async {})),
        };
        Transformations::new(images, effects, Arc::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_that_pauses_for_longer_than_the_guests_limit_is_not_dropped_by_the_worker() {
        let delivery = Delivery {
            source: FetchedSource {
                response: http::Response::new(body::full("a picture")),
                error: FetchError::default(),
                time: Duration::ZERO,
            },
            request: TransformRequest {
                transforms: Vec::new(),
                overlays: Vec::new(),
                output: Output::new(Format::Png),
            },
            identity: None,
            hints: ResponseHints::default(),
            between_bytes: Some(LIMIT),
        };
        let log = MemoryLog::default();
        let context = RequestContext::background(Log::new(log.clone()));
        let (head, ()) = http::Request::new(()).into_parts();
        let response = delivery.run(&stalled_images(), &head, &context).await;
        let whole = response.unwrap().into_body().collect();
        // A regression fails here instead of hanging.
        let whole = tokio::time::timeout(LIMIT * 10, whole).await.unwrap();
        let error = whole.unwrap_err();
        assert!(matches!(error, HopError::BetweenBytes(LIMIT)), "{error:?}");
        let log = log.text();
        let failure = "FAILED: no byte came for 100.0 ms, the caller's limit\n";
        assert!(log.ends_with(failure), "{log}");
    }
}
