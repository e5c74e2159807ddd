//! From a source's answer to the answer for the client: the step that pictures by URL and by `fetch` share.

use std::sync::Arc;

use http::Method;
use http::request::Parts;
use safelight_hop::{Body, RequestContext, body};

use crate::answer::{CacheValidators, ResponseHints, success_response};
use crate::failure::Failure;
use crate::request::TransformRequest;
use crate::source::Fetched;
use crate::transform::Transformations;

/// A picture on its way to a client.
pub(crate) struct Delivery {
    /// The source's answer.
    pub(crate) source: Fetched,
    /// What is done to it.
    pub(crate) request: TransformRequest,
    /// All that makes the result what it is, so that no entity tag stands for two results; without it there is no tag.
    pub(crate) identity: Option<String>,
    /// The parts of the answer that do not come from the images process.
    pub(crate) hints: ResponseHints,
}

impl Delivery {
    /// Answers the request with this head: 304 where the client has the result already, else the result.
    ///
    /// # Errors
    /// When the source breaks off, or the images process refuses or fails.
    pub(crate) async fn run(
        self,
        transformations: &Transformations,
        head: &Parts,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, Failure> {
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
