//! One call's place in the trace of its request.

use std::sync::Arc;

use wasmtime_wasi_http::WasiBody;

use super::hops::{CallConnection, CallHop, End};
use super::request::{RequestTrace, short};
use crate::bindings::CallContext;
use crate::record::BindingCall;

/// Calls of one request that are kept.
const CALLS: usize = 64;

/// The place of one call in its request's trace. Travels with the call's request.
#[derive(Clone, Debug)]
pub struct CallTrace {
    trace: Arc<RequestTrace>,
    place: usize,
}

impl CallTrace {
    /// Begins a call; nothing if its request is not traced, or has made too many.
    pub fn begin(context: &CallContext, request: &http::Request<WasiBody>) -> Option<Self> {
        let trace = context.record.trace()?.clone();
        let called_us = trace.now();
        let mut hops = trace.lock();
        let place = hops.calls.len();
        if place == CALLS {
            hops.calls_left_out += 1;
            return None;
        }
        hops.calls.push(CallHop {
            call: place as u64 + 1,
            hop: short(&context.hop),
            worker: context.record.worker().map(short),
            callee: None,
            method: request.method().to_string(),
            path: short(request.uri().path()),
            called_us,
            connection: None,
            sent_bytes: 0,
            status: None,
            head_us: None,
            expected_bytes: None,
            received_bytes: 0,
            end: End::Open,
            end_us: None,
            fault: None,
            faults: Vec::new(),
            summary: None,
            server_timing: None,
            transport: None,
            transport_missing: None,
        });
        drop(hops);
        Some(Self { trace, place })
    }

    /// The numbers of request and call.
    pub fn numbers(&self) -> (u64, u64) {
        (self.trace.id(), self.place as u64 + 1)
    }

    /// Another worker is asked.
    pub fn asks(&self, worker: &str) {
        self.change(|call| call.callee = Some(short(worker)));
    }

    /// The call goes over a new connection.
    pub fn connected(&self, number: u64) {
        self.change(|call| {
            call.connection = Some(CallConnection {
                number,
                reused: false,
                resent: call.connection.is_some(),
            });
        });
    }

    /// The call goes over a connection that an earlier one has left.
    pub fn reused(&self, number: u64) {
        self.change(|call| {
            call.connection = Some(CallConnection {
                number,
                reused: true,
                resent: false,
            });
        });
    }

    /// The service could not be asked, and an error answers in its place.
    pub fn fault(&self, what: &str) {
        self.change(|call| call.fault = Some(short(what)));
    }

    /// A fault has struck the call, as it was asked to.
    pub fn struck(&self, fault: &str) {
        self.change(|call| call.faults.push(short(fault)));
    }

    /// The head of the answer is there.
    pub fn head(&self, response: &http::Response<WasiBody>, expected: Option<u64>) {
        let now = self.trace.now();
        let header = |name| response.headers().get(name)?.to_str().ok().map(short);
        self.change(|call| {
            call.status = Some(response.status().as_u16());
            call.head_us = Some(now);
            call.expected_bytes = expected;
            call.server_timing = header("server-timing");
        });
    }

    /// The call is over, `Dropped` or as the record says.
    pub fn end(&self, record: &BindingCall, dropped: Option<End>) {
        let now = self.trace.now();
        self.change(|call| {
            call.sent_bytes = record.sent;
            call.received_bytes = record.received;
            call.summary = record.summary.as_deref().map(short);
            call.end_us = Some(now);
            let failed = call.fault.is_some();
            call.end = match (dropped, &record.fault, call.head_us) {
                (Some(end), ..) => end,
                (None, _, None) => End::Failed,
                (None, Some(_), Some(_)) => End::Broken,
                (None, None, Some(_)) if failed => End::Failed,
                (None, None, Some(_)) => End::Whole,
            };
            if let Some(fault) = &record.fault {
                call.fault.get_or_insert_with(|| short(fault));
            }
        });
        self.trace.call_ended();
    }

    fn change(&self, change: impl FnOnce(&mut CallHop)) {
        if let Some(call) = self.trace.lock().calls.get_mut(self.place) {
            change(call);
        }
    }
}
