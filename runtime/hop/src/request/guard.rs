//! The guard of a client's request: it logs the request's line and ends its trace when the response has ended.

use std::sync::Arc;

use http::StatusCode;
use http_body::Body as _;
use safelight_net::deadline;

use super::RequestContext;
use crate::body::{Body, BodyObserver};
use crate::error::HopError;
use crate::head::{content_length, is_bodiless};
use crate::trace::End;

/// The status in the log of a request whose client disconnected before there was a response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A request whose line is not logged yet. Dropping the guard logs it, so that every outcome is logged.
pub struct RequestGuard {
    context: Arc<RequestContext>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    end: Option<End>,
    on_end: Option<OnEnd>,
    /// Keeps the request open for the deadlines of its connection.
    _open: deadline::RequestGuard,
}

type OnEnd = Box<dyn FnOnce(&RequestContext) + Send>;

impl RequestGuard {
    /// Makes the guard of a request without a response. The request counts as open on its connection until the guard is
    /// dropped.
    pub fn new(context: Arc<RequestContext>, open: deadline::RequestGuard) -> Self {
        let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST);
        Self {
            context,
            status: status.unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            end: None,
            on_end: None,
            _open: open,
        }
    }

    /// Calls `on_end` after the request's line is logged and its trace has ended.
    #[must_use]
    pub fn with_on_end(mut self, on_end: impl FnOnce(&RequestContext) + Send + 'static) -> Self {
        self.on_end = Some(Box::new(on_end));
        self
    }

    /// The context of the request.
    pub fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// Records the head of the response.
    pub fn head(&mut self, response: &http::Response<Body>) {
        self.status = response.status();
        if let Some(trace) = self.context.trace() {
            trace.head(self.status);
        }
        self.expected = if is_bodiless(&self.context.method, self.status) {
            Some(0)
        } else {
            expected_bytes(response)
        };
    }
}

/// The length of the body, by its own size hint or by `Content-Length`.
fn expected_bytes(response: &http::Response<Body>) -> Option<u64> {
    let announced = || content_length(response.headers()).ok().flatten();
    response.body().size_hint().exact().or_else(announced)
}

impl BodyObserver for RequestGuard {
    fn data(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        self.end = Some(match result {
            Ok(()) => End::Whole,
            Err(error) => {
                if !self.context.failures().explains(error) {
                    self.context
                        .note(format_args!("the response broke off: {error}"));
                }
                End::Broken
            }
        });
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let is_whole = self.expected == Some(self.bytes);
        let end = match self.end {
            Some(end) => end,
            None if is_whole => End::Whole,
            None if self.context.holder().gives_way() => {
                self.context
                    .note("the answer gave way: its client took it too slowly while others waited");
                End::Broken
            }
            None => End::Dropped,
        };
        self.context.finish(self.status, self.bytes, end);
        if let Some(trace) = self.context.trace() {
            trace.end(self.bytes, end);
        }
        if let Some(on_end) = self.on_end.take() {
            on_end(&self.context);
        }
    }
}
