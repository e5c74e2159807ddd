//! One running copy of a worker: its store, the requests in it, and what it leaves behind when it dies.

mod death;
mod lifetime;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{CallHook, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub use death::{Cause, Death};
pub use lifetime::{Expiration, Generation, InstanceState, Ticket};

use crate::hooks::Hooks;
use crate::limits::{CpuMeter, MemoryLimit, Ticker, Ticking, WorkerLimits};
use crate::log::Log;
use crate::record::RequestRecord;

/// Requests that an instance remembers, so that late output still finds its request.
const REMEMBERED: usize = 64;

/// How long a failed request waits to learn how its instance ended, which is known just after the failure.
const END_TIME: Duration = Duration::from_secs(1);
/// Things of the host's, such as header lists and streams, that one instance may hold; the engine's own limit is a
/// million, each of up to 128 KB, all of it outside the guest's memory.
const RESOURCES: usize = 4_096;

/// What a store holds: the guest's view of the world, and who is being served.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    memory: MemoryLimit,
    cpu: CpuMeter,
    cpu_limit: Duration,
    tasks: Vec<Task>,
    current: Option<GuestTaskId>,
    /// CPU time of nobody's: of the start, or of work whose request is long forgotten.
    cpu_of_nobody: Duration,
    shared: Arc<Shared>,
}

/// One request in an instance.
struct Task {
    id: GuestTaskId,
    record: Arc<RequestRecord>,
    cpu: Duration,
}

/// What outlives a store: read by the bodies and the waiting requests of an instance.
pub struct Shared {
    /// Set before the store of a failed instance is dropped.
    pub dead: Arc<AtomicBool>,
    /// Response bodies that are still being read.
    pub open_bodies: AtomicUsize,
    nobody: Arc<RequestRecord>,
    current: Mutex<Arc<RequestRecord>>,
    end: watch::Sender<Option<End>>,
    ticker: Ticker,
    ticking: Mutex<Option<Ticking>>,
    left_over: LeftOver,
}

/// Work that nobody waits for any more.
#[derive(Debug, Default)]
struct LeftOver {
    /// The instance is ended because of it.
    is_too_long: AtomicBool,
    /// Requests whose clients have left long ago, and that the worker has not answered.
    requests: Mutex<Vec<Arc<RequestRecord>>>,
}

impl Shared {
    fn new(ticker: Ticker, log: Log) -> Arc<Self> {
        let nobody = RequestRecord::of_nobody(log);
        Arc::new(Self {
            ticking: Mutex::new(Some(ticker.hold())),
            ticker,
            dead: Arc::default(),
            open_bodies: AtomicUsize::new(0),
            current: Mutex::new(nobody.clone()),
            nobody,
            left_over: LeftOver::default(),
            end: watch::Sender::new(None),
        })
    }

    /// The request that the guest is working for just now.
    pub fn current(&self) -> Arc<RequestRecord> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The guest may run: without a clock that ticks, one that spins would never give way.
    fn busy(&self) {
        let mut ticking = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        ticking.get_or_insert_with(|| self.ticker.hold());
    }

    /// The guest has nothing to do.
    fn idle(&self) {
        *self.ticking.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How the instance died, if it ends within a moment and not well.
    pub async fn death(&self) -> Option<Arc<Death>> {
        let mut end = self.end.subscribe();
        let ended = tokio::time::timeout(END_TIME, end.wait_for(Option::is_some)).await;
        match ended.ok()?.ok()?.as_ref()? {
            End::Died(death) => Some(death.clone()),
            End::Well => None,
        }
    }
}

/// How an instance ended.
enum End {
    /// With all its work done.
    Well,
    /// Before that.
    Died(Arc<Death>),
}

impl State {
    /// The state of a fresh store.
    pub fn new(
        wasi: impl FnOnce(&Arc<Shared>) -> WasiCtx,
        hooks: impl FnOnce(&Arc<Shared>) -> Hooks,
        limits: WorkerLimits,
        clock: Ticker,
        log: Log,
    ) -> Self {
        let shared = Shared::new(clock, log);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
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
            cpu_of_nobody: Duration::ZERO,
            shared,
        }
    }

    /// What outlives the store.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Remembers a request. The engine gives the number of a task that has ended to a later one.
    fn begin(&mut self, id: GuestTaskId, record: Arc<RequestRecord>) {
        self.tasks.retain(|task| task.id != id);
        // A request that its connection still knows of is never forgotten; there are only so many of those.
        if self.tasks.len() >= REMEMBERED {
            let over = |task: &Task| Arc::strong_count(&task.record) == 1;
            if let Some(oldest) = self.tasks.iter().position(over) {
                self.tasks.remove(oldest);
            }
        }
        self.tasks.push(Task {
            id,
            record,
            cpu: Duration::ZERO,
        });
        self.current = None;
        self.cpu_of_nobody = Duration::ZERO;
    }

    /// Notes that the guest works for this task from now on.
    fn set_current(&mut self, task: GuestTaskId) {
        if self.current == Some(task) {
            return;
        }
        self.current = Some(task);
        let record = self.task(task).map(|task| task.record.clone());
        let record = record.unwrap_or_else(|| self.shared.nobody.clone());
        *self
            .shared
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = record;
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
            None => &mut self.cpu_of_nobody,
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
pub fn arm(store: &mut Store<State>) {
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
