//! The facts of one call. Its line in the log has their whole texts, and its part of a trace has the beginnings.

use std::fmt;
use std::time::Instant;

use http::{HeaderName, Method, StatusCode};
use safelight_protocol::headers::SUMMARY;

use super::hops::{CallConnection, CallHop, End, micros, truncate, truncated};
use crate::log::{Bytes, Time};

/// The facts of a call at its beginning.
#[derive(Clone, Copy, Debug)]
pub struct CallHead<'a> {
    /// The binding's name, or `fetch`, method and host.
    pub hop: &'a str,
    /// The worker that makes the call; `None` for the worker of the client's own request.
    pub worker: Option<&'a str>,
    /// The call's method.
    pub method: &'a Method,
    /// The call's path on the binding.
    pub path: &'a str,
}

/// The facts of a call so far.
#[derive(Debug)]
pub(crate) struct CallFacts {
    hop: String,
    worker: Option<String>,
    method: Method,
    path: String,
    called: Instant,
    /// The worker that was called, for a service binding.
    pub(super) callee: Option<String>,
    pub(super) connection: Option<CallConnection>,
    /// The bytes of the request's body that the service has read.
    pub(super) sent: u64,
    /// The error of the request's body, if it broke off. The service did not cause it.
    pub(super) broken_upload: Option<String>,
    head: Option<Head>,
    /// The bytes of the answer's body that were received.
    pub(super) received: u64,
    /// The reason why an error stands in place of the service's answer.
    pub(super) replaced: Option<String>,
    /// The faults that were applied to the call.
    pub(super) faults: Vec<String>,
    /// Whether the answer was read to its end, or failed.
    pub(super) is_complete: bool,
    /// The text of the failure, if the call failed.
    pub(super) failure: Option<String>,
    /// The outcome, and its time; `None` for a call that is open.
    end: Option<(End, Instant)>,
}

/// The facts of an answer's head.
#[derive(Debug)]
struct Head {
    at: Instant,
    status: StatusCode,
    /// The bytes that the head promises.
    expected: Option<u64>,
    /// The service's own summary of its work, which is one line.
    summary: Option<String>,
    server_timing: Option<String>,
}

impl CallFacts {
    /// Creates the facts of a call that begins now.
    pub(super) fn new(head: &CallHead<'_>) -> Self {
        Self {
            hop: head.hop.to_owned(),
            worker: head.worker.map(str::to_owned),
            method: head.method.clone(),
            path: head.path.to_owned(),
            called: Instant::now(),
            callee: None,
            connection: None,
            sent: 0,
            broken_upload: None,
            head: None,
            received: 0,
            replaced: None,
            faults: Vec::new(),
            is_complete: false,
            failure: None,
            end: None,
        }
    }

    /// Adds the head of the answer, and the length in bytes that it promises.
    pub(super) fn answered<B>(&mut self, response: &http::Response<B>, expected: Option<u64>) {
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?.to_str();
            value.ok().map(str::to_owned)
        };
        self.head = Some(Head {
            at: Instant::now(),
            status: response.status(),
            expected,
            summary: header(SUMMARY),
            server_timing: header(HeaderName::from_static("server-timing")),
        });
    }

    /// Returns whether the head of an answer has come.
    pub(super) fn is_answered(&self) -> bool {
        self.head.is_some()
    }

    /// Returns whether the call has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Determines the failure of a call whose answer is dropped now.
    pub(super) fn determine_failure(&mut self) {
        if self.is_dropped() {
            self.failure = Some(self.dropped_text());
        }
        if let (Some(failure), Some(why)) = (&mut self.failure, &self.broken_upload) {
            // The upload's failure precedes every other failure of the call.
            *failure = match self.head {
                Some(_) => format!("the upload broke off ({why}); {failure}"),
                None => format!("the upload broke off: {why}"),
            };
        }
    }

    /// Ends the call. The log has its line, so the texts are cut to what a trace shows.
    pub(super) fn end(&mut self) {
        let end = match &self.head {
            _ if self.is_dropped() => End::Dropped,
            None => End::Failed,
            Some(_) if self.failure.is_some() => End::Broken,
            Some(_) if self.replaced.is_some() => End::Failed,
            Some(_) => End::Whole,
        };
        self.end = Some((end, Instant::now()));
        truncate(&mut self.hop);
        truncate(&mut self.path);
        let head = self.head.as_mut();
        let (summary, timing) = head.map_or((None, None), |head| {
            (head.summary.as_mut(), head.server_timing.as_mut())
        });
        let texts = [
            self.replaced.as_mut(),
            self.failure.as_mut(),
            summary,
            timing,
        ];
        texts.into_iter().flatten().for_each(truncate);
    }

    /// Returns whether the caller has dropped the call before its end.
    fn is_dropped(&self) -> bool {
        // A reader that knows the length stops there and does not poll for the end.
        let expected = self.head.as_ref().and_then(|head| head.expected);
        !self.is_complete && expected != Some(self.received)
    }

    fn dropped_text(&self) -> String {
        match &self.head {
            // The caller may need no more than the status of a failed answer. It is not always a worker.
            Some(head) if !head.status.is_success() => {
                format!("the answer is {} and was not read to its end", head.status)
            }
            Some(_) | None => "the worker dropped the call before its end".into(),
        }
    }

    /// Returns the call's part of a trace that began at `started`.
    pub(super) fn to_hop(&self, call: u64, started: Instant) -> CallHop {
        let at = |time: Instant| micros(time.saturating_duration_since(started));
        let text = |text: &Option<String>| text.as_deref().map(truncated);
        let head = self.head.as_ref();
        CallHop {
            call,
            hop: truncated(&self.hop),
            worker: text(&self.worker),
            callee: text(&self.callee),
            method: self.method.to_string(),
            path: truncated(&self.path),
            called_us: at(self.called),
            connection: self.connection,
            sent_bytes: self.sent,
            status: head.map(|head| head.status.as_u16()),
            head_us: head.map(|head| at(head.at)),
            expected_bytes: head.and_then(|head| head.expected),
            received_bytes: self.received,
            end: self.end.map_or(End::Open, |(end, _)| end),
            end_us: self.end.map(|(_, time)| at(time)),
            fault: text(&self.replaced).or_else(|| text(&self.failure)),
            faults: self.faults.iter().map(|fault| truncated(fault)).collect(),
            summary: head.and_then(|head| text(&head.summary)),
            server_timing: head.and_then(|head| text(&head.server_timing)),
            transport: None,
            transport_missing: None,
        }
    }
}

/// Shows a call as its line in the log, with whole texts.
impl fmt::Display for CallFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hop, self.path)?;
        if let Some(head) = &self.head {
            write!(f, " {}", head.status.as_u16())?;
            if let Some(summary) = &head.summary {
                write!(f, " {summary}")?;
            }
        }
        write!(
            f,
            " ({} in, {} out) in {}",
            Bytes(self.sent),
            Bytes(self.received),
            Time(self.called.elapsed())
        )?;
        match &self.failure {
            Some(failure) => write!(f, " FAILED: {failure}"),
            None => Ok(()),
        }
    }
}
