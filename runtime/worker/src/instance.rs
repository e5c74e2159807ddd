//! An instance of a worker: its store, its current requests and its CPU accounting.

mod failure;
mod lifetime;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{CallHook, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub(crate) use self::lifetime::{Expiration, InstanceState, RequestData, WasiVersion};

use self::tasks::Tasks;
use crate::guest_request::GuestRequest;
use crate::hooks::Hooks;
use crate::limits::{CpuMeter, MemoryLimit, Ticker, WorkerLimits};
use crate::shared::Shared;
use safelight_hop::log::Log;

/// Maximum number of host resources, such as header lists and streams, of one instance. The engine's own limit is a
/// million of up to 128 KB each, outside the guest's memory.
const MAX_RESOURCES: usize = 4_096;

/// The data of a store: the guest's WASI contexts, its limits and its current requests.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    memory: MemoryLimit,
    cpu: CpuMeter,
    cpu_limit: Duration,
    tasks: Tasks<GuestTaskId>,
    current: Option<GuestTaskId>,
    /// CPU time of the start, and of work for no remembered request.
    background_cpu: Duration,
    shared: Arc<Shared>,
}

impl State {
    /// The state of a fresh store.
    pub(crate) fn new(
        wasi: impl FnOnce(&Arc<Shared>) -> WasiCtx,
        hooks: impl FnOnce(&Arc<Shared>) -> Hooks,
        limits: WorkerLimits,
        clock: Ticker,
        log: Log,
    ) -> Self {
        let shared = Shared::new(clock, log);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            wasi: wasi(&shared),
            http: WasiHttpCtx::new(),
            table,
            hooks: hooks(&shared),
            memory: MemoryLimit::new(limits.memory, limits.all_memory),
            cpu: CpuMeter::new(),
            cpu_limit: limits.cpu,
            tasks: Tasks::default(),
            current: None,
            background_cpu: Duration::ZERO,
            shared,
        }
    }

    /// The part of the instance that outlives the store.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Remembers a request.
    fn begin(&mut self, id: GuestTaskId, request: Arc<GuestRequest>) {
        self.tasks.remember(id, request);
        self.current = None;
        self.background_cpu = Duration::ZERO;
    }

    /// Makes a task the current one.
    fn set_current(&mut self, task: GuestTaskId) {
        if self.current == Some(task) {
            return;
        }
        self.current = Some(task);
        let request = self.tasks.get_mut(task).map(|task| task.request.clone());
        self.shared.set_current(request);
    }

    /// Adds the slice that has just ended to the CPU time of the current request. Returns whether the limit is
    /// exceeded.
    fn charge_cpu(&mut self) -> bool {
        let slice = self.cpu.slice();
        let limit = self.cpu_limit;
        let cpu = match self.current.and_then(|id| self.tasks.get_mut(id)) {
            Some(task) => &mut task.cpu,
            None => &mut self.background_cpu,
        };
        *cpu += slice;
        *cpu > limit
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// Sets the memory and CPU limits of a fresh store, and the hook that tracks the current request.
pub(crate) fn apply_limits(store: &mut Store<State>) {
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        update_current(&mut store);
        match store.data_mut().charge_cpu() {
            true => Ok(UpdateDeadline::Interrupt),
            false => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store.call_hook(|mut store, hook| {
        match hook {
            CallHook::CallingWasm | CallHook::ReturningFromHost => store.data_mut().cpu.enter(),
            CallHook::CallingHost => {
                update_current(&mut store);
                store.data_mut().charge_cpu();
            }
            CallHook::ReturningFromWasm => {
                store.data_mut().charge_cpu();
            }
        }
        Ok(())
    });
}

/// Updates the current request from the task that runs. The engine does not pass it to outgoing calls and output
/// streams.
fn update_current(store: &mut StoreContextMut<'_, State>) {
    let task = store.async_call_stack().ok().and_then(Iterator::last);
    if let Some(task) = task {
        store.data_mut().set_current(task);
    }
}
