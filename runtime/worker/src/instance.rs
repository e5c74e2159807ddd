//! One running copy of a worker: its store, the requests in it, and what it leaves behind when it dies.

mod failure;
mod lifetime;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{CallHook, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub(crate) use self::lifetime::{Expiration, InstanceState, RequestData, WasiVersion};

use crate::guest_request::GuestRequest;
use crate::hooks::Hooks;
use crate::limits::{CpuMeter, MemoryLimit, Ticker, WorkerLimits};
use crate::shared::Shared;
use safelight_hop::log::Log;

/// Requests that an instance remembers, so that late output still finds its request.
const MAX_REMEMBERED: usize = 64;

/// Things of the host's, such as header lists and streams, that one instance may hold; the engine's own limit is a
/// million, each of up to 128 KB, all of it outside the guest's memory.
const MAX_RESOURCES: usize = 4_096;

/// What a store holds: the guest's view of the world, and who is being served.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    memory: MemoryLimit,
    cpu: CpuMeter,
    cpu_limit: Duration,
    tasks: Vec<Task>,
    current: Option<GuestTaskId>,
    /// CPU time of the start, and of work whose request is forgotten.
    background_cpu: Duration,
    shared: Arc<Shared>,
}

/// One request in an instance.
struct Task {
    id: GuestTaskId,
    request: Arc<GuestRequest>,
    cpu: Duration,
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
            memory: MemoryLimit::new(limits.memory),
            cpu: CpuMeter::start(),
            cpu_limit: limits.cpu,
            tasks: Vec::new(),
            current: None,
            background_cpu: Duration::ZERO,
            shared,
        }
    }

    /// What outlives the store.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Remembers a request. The engine gives the number of a task that has ended to a later one.
    fn begin(&mut self, id: GuestTaskId, request: Arc<GuestRequest>) {
        self.tasks.retain(|task| task.id != id);
        // A request that its connection still knows of is never forgotten; there are only so many of those.
        if self.tasks.len() >= MAX_REMEMBERED {
            let over = |task: &Task| Arc::strong_count(&task.request) == 1;
            if let Some(oldest) = self.tasks.iter().position(over) {
                self.tasks.remove(oldest);
            }
        }
        self.tasks.push(Task {
            id,
            request,
            cpu: Duration::ZERO,
        });
        self.current = None;
        self.background_cpu = Duration::ZERO;
    }

    /// Notes that the guest works for this task from now on.
    fn set_current(&mut self, task: GuestTaskId) {
        if self.current == Some(task) {
            return;
        }
        self.current = Some(task);
        let request = self.task(task).map(|task| task.request.clone());
        self.shared.set_current(request);
    }

    fn task(&mut self, id: GuestTaskId) -> Option<&mut Task> {
        self.tasks.iter_mut().rev().find(|task| task.id == id)
    }

    /// Charges the slice that just ended to the current request; the limit, if that was too much.
    fn charge(&mut self) -> Option<Duration> {
        let slice = self.cpu.slice();
        let limit = self.cpu_limit;
        let cpu = match self.current.and_then(|id| self.task(id)) {
            Some(task) => &mut task.cpu,
            None => &mut self.background_cpu,
        };
        *cpu += slice;
        (*cpu > limit).then_some(limit)
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

/// Arms a fresh store: memory and CPU limits, and the hook that knows which request is being served.
pub(crate) fn arm(store: &mut Store<State>) {
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        note_current(&mut store);
        match store.data_mut().charge() {
            Some(_) => Ok(UpdateDeadline::Interrupt),
            None => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store.call_hook(|mut store, hook| {
        match hook {
            CallHook::CallingWasm | CallHook::ReturningFromHost => store.data_mut().cpu.enter(),
            CallHook::CallingHost => {
                note_current(&mut store);
                store.data_mut().charge();
            }
            CallHook::ReturningFromWasm => {
                store.data_mut().charge();
            }
        }
        Ok(())
    });
}

/// Finds the request whose task runs; neither outgoing calls nor output streams are told by the engine.
fn note_current(store: &mut StoreContextMut<'_, State>) {
    let task = store.async_call_stack().ok().and_then(Iterator::last);
    if let Some(task) = task {
        store.data_mut().set_current(task);
    }
}
