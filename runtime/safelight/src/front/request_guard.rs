//! A request that is under way, and how it ended once it is not.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body::Body as _;
use safelight_hop::body::BodyObserver;
use safelight_hop::trace::End;
use safelight_hop::{Body, HopError, RequestContext};
use safelight_net::deadline;

use super::traces::Traces;

/// A request whose line is not logged yet. Dropping the guard logs it, so that no way to end goes unseen.
pub(super) struct RequestGuard {
    pub(super) context: Arc<RequestContext>,
    traces: Arc<Traces>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    ended: Option<End>,
    _on_connection: deadline::RequestGuard,
}

impl RequestGuard {
    /// A request that has no response yet.
    pub(super) fn new(
        context: Arc<RequestContext>,
        traces: Arc<Traces>,
        on_connection: deadline::RequestGuard,
    ) -> Self {
        Self {
            context,
            traces,
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            ended: None,
            _on_connection: on_connection,
        }
    }

    /// The head of the response is there.
    pub(super) fn head(&mut self, method: &Method, response: &http::Response<Body>) {
        self.status = response.status();
        if let Some(trace) = self.context.trace() {
            trace.head(self.status);
        }
        let bodiless = method == Method::HEAD
            || matches!(
                self.status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            );
        self.expected = if bodiless { Some(0) } else { length(response) };
    }
}

/// How many bytes the body will have: as it says itself, or as its head promises.
fn length(response: &http::Response<Body>) -> Option<u64> {
    let promised = || {
        response
            .headers()
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    response.body().size_hint().exact().or_else(promised)
}

impl BodyObserver for RequestGuard {
    fn data(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn end(&mut self, result: Result<(), &mut HopError>) {
        self.ended = Some(match result {
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
        let whole = self.expected == Some(self.bytes);
        let ending = self
            .ended
            .unwrap_or(if whole { End::Whole } else { End::Dropped });
        self.context.finish(self.status, self.bytes, ending);
        self.traces.end(&self.context, self.bytes, ending);
    }
}
