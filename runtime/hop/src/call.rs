//! One call out of a worker: its context, its request, and the trait of services.

use std::sync::Arc;
use std::time::Duration;

use tower::Service;
use tower::util::BoxCloneSyncService;

pub use crate::body::Answer;
use crate::body::Body;
use crate::error::HopError;
use crate::request::RequestContext;
use crate::trace::{CallHead, CallRecord};

/// A call: an HTTP request and its context.
pub struct Call {
    /// The context for the layers.
    pub context: CallContext,
    /// The request for the service.
    pub request: http::Request<Body>,
    /// The longest pause between the bytes of the answer, if the caller has set one.
    pub between_bytes: Option<Duration>,
}

/// The context of a call, for every layer.
#[derive(Clone)]
pub struct CallContext {
    /// The hop: the worker's name for a binding, or `fetch` with method and host.
    pub hop: Arc<str>,
    /// The client's request on whose behalf the call is made.
    pub request: Arc<RequestContext>,
    /// The record of the call.
    pub record: CallRecord,
}

impl Call {
    /// Begins a call and its record.
    pub fn new(
        hop: Arc<str>,
        request: http::Request<Body>,
        on_behalf_of: Arc<RequestContext>,
    ) -> Self {
        let head = CallHead {
            hop: &hop,
            worker: on_behalf_of.worker(),
            method: request.method(),
            path: request.uri().path(),
        };
        let record = CallRecord::begin(on_behalf_of.trace(), &head);
        Self {
            context: CallContext {
                hop,
                request: on_behalf_of,
                record,
            },
            request,
            between_bytes: None,
        }
    }

    /// Limits the pauses between the bytes of the answer.
    #[must_use]
    pub fn with_between_bytes(self, between_bytes: Option<Duration>) -> Self {
        Self {
            between_bytes,
            ..self
        }
    }

    /// The same call with another body.
    #[must_use]
    pub fn map_body(self, map: impl FnOnce(Body) -> Body) -> Self {
        Self {
            request: self.request.map(map),
            ..self
        }
    }
}

/// A service at the far end of a hop.
pub trait HopService:
    Service<Call, Response = http::Response<Body>, Error = HopError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> HopService for S where
    S: Service<Call, Response = http::Response<Body>, Error = HopError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A service with the layers that every hop has.
pub type BindingService = BoxCloneSyncService<Call, http::Response<Body>, HopError>;
