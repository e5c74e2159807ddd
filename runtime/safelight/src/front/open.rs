//! A request that is under way, and how it ended once it is not.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body::Body as _;
use safelight_net::deadline;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::body::Watch;
use crate::error::inner;
use crate::record::{Ending, RequestRecord};
use crate::trace::Traces;

/// A request whose line is not logged yet. Dropping it logs it, so that no way to end goes unseen.
pub(super) struct Open {
    pub(super) record: Arc<RequestRecord>,
    traces: Arc<Traces>,
    status: StatusCode,
    bytes: u64,
    expected: Option<u64>,
    ended: Option<Ending>,
    _on_connection: deadline::Open,
}

impl Open {
    /// A request that has no response yet.
    pub(super) fn new(
        record: Arc<RequestRecord>,
        traces: Arc<Traces>,
        on_connection: deadline::Open,
    ) -> Self {
        Self {
            record,
            traces,
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
            bytes: 0,
            expected: None,
            ended: None,
            _on_connection: on_connection,
        }
    }

    /// The head of the response is there.
    pub(super) fn head(&mut self, method: &Method, response: &http::Response<WasiBody>) {
        self.status = response.status();
        if let Some(trace) = self.record.trace() {
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
fn length(response: &http::Response<WasiBody>) -> Option<u64> {
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

impl Watch for Open {
    fn data(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn end(&mut self, result: Result<(), &mut Error>) {
        self.ended = Some(match result {
            Ok(()) => Ending::Whole,
            Err(error) => {
                let why = inner(error);
                if !self.record.is_of_a_call(&why) {
                    self.record
                        .note(format_args!("the response broke off: {why}"));
                }
                Ending::Broken
            }
        });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let whole = self.expected == Some(self.bytes);
        let ending = self.ended.unwrap_or(if whole {
            Ending::Whole
        } else {
            Ending::ClientGone
        });
        self.record.finish(self.status, self.bytes, ending);
        self.traces.end(&self.record, self.bytes, ending);
    }
}
