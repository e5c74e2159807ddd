//! The last step of pictures by URL and by `fetch`: from a source's response to the client's response.

use std::sync::Arc;

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
            .run(self.source, self.request, context)
            .await?;
        let response = success_response(transformed, &validators, self.hints, source_time);
        Ok(match head.method == Method::HEAD {
            true => response.map(|_| body::full("")),
            false => response,
        })
    }
}
