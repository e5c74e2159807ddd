//! Tests: the requests to which the log assigns the end of an instance.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, Uri};
use safelight_gateway::{Bindings, Outbound};
use safelight_hop::RequestContext;
use safelight_hop::log::{Log, MemoryLog};
use safelight_net::Deadlines;
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::handler::WorkerState as _;

use super::{Expiration, InstanceState, State, WasiVersion};
use crate::hooks::Hooks;
use crate::limits::{AllMemory, Ticker, WorkerLimits};

/// The log of an instance that ends in this error after `prepare` has changed it.
fn log_of(error: &'static str, prepare: impl FnOnce(&State, Log)) -> String {
    let sink = MemoryLog::default();
    let log = Log::new(sink.clone());
    let engine = Engine::default();
    let limits = WorkerLimits {
        memory: 1_000_000,
        all_memory: AllMemory::new(1_000_000),
        cpu: Duration::from_secs(1),
    };
    let state = State::new(
        |_| WasiCtx::builder().build(),
        |shared| {
            let outbound = Outbound::new("test", Deadlines::default(), Arc::default());
            Hooks::new(Arc::<Bindings>::default(), outbound, None, shared.clone())
        },
        limits,
        Ticker::start(&engine).unwrap(),
        log.clone(),
    );
    prepare(&state, log);
    let shared = state.shared().clone();
    let store = Store::new(&engine, state);
    InstanceState::new(WasiVersion::P3, shared).drop(store, Err(wasmtime::Error::msg(error)));
    sink.text()
}

fn context(id: u64, log: Log) -> Arc<RequestContext> {
    let uri = Uri::from_static("/");
    Arc::new(RequestContext::new(id, Method::GET, &uri, log))
}

#[test]
fn background_work_is_logged_for_the_requests_that_were_never_answered() {
    let log = log_of("guest timed out", |state, log| {
        let background_work = &state.shared().background_work;
        background_work.is_too_long.store(true, Ordering::Relaxed);
        let requests = [context(7, log.clone()), context(9, log)];
        background_work.requests.lock().unwrap().extend(requests);
    });
    let line = "the worker had no answer long after the client had left, and was ended: \
                its work had gone on while nobody waited for it\n";
    assert_eq!(log, format!("  [7] {line}  [9] {line}"));
}

#[test]
fn background_work_after_all_answers_is_logged_for_no_request() {
    let log = log_of("guest timed out", |state, _| {
        let background_work = &state.shared().background_work;
        background_work.is_too_long.store(true, Ordering::Relaxed);
    });
    assert_eq!(
        log,
        "  [0] the worker was ended: its work had gone on while nobody waited for it\n"
    );
}

// An expiration holds a timer, so it needs a runtime.
#[tokio::test]
async fn an_instance_whose_task_is_dropped_is_not_logged() {
    let log = log_of("worker panicked", |state, _| {
        drop(Expiration::new(state.shared().clone()));
    });
    assert_eq!(log, "");
}

#[test]
fn another_end_is_logged_with_its_error() {
    let log = log_of("out of bounds", |_, _| {});
    assert_eq!(
        log,
        "  [0] the worker panicked or trapped (out of bounds)\n"
    );
}
