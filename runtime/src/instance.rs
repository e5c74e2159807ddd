//! One running copy of a worker: its store, the requests in it, and what it leaves behind when it dies.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{CallHook, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::hooks::Hooks;
use crate::limits::{CpuMeter, MemoryLimit, Ticker, Ticking, WorkerLimits};
use crate::record::RequestRecord;

/// Requests that one instance serves before it is replaced.
const REUSE: usize = 10_000;
/// Requests that one instance serves at the same time.
const CONCURRENT: usize = 16;
/// How long an instance without work is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long work goes on after its client has gone or its response is complete.
const AFTERWARDS: Duration = Duration::from_secs(30);
/// Requests that an instance remembers, so that late output still finds its request.
const REMEMBERED: usize = 64;

/// What a store holds: the guest's view of the world, and who is being served.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    pub(crate) memory: MemoryLimit,
    cpu: CpuMeter,
    cpu_limit: Duration,
    tasks: Vec<Task>,
    current: Option<GuestTaskId>,
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
    current: Mutex<Option<Arc<RequestRecord>>>,
    death: watch::Sender<Option<Arc<Death>>>,
    ticker: Ticker,
    ticking: Mutex<Option<Ticking>>,
}

impl Shared {
    fn new(ticker: Ticker) -> Arc<Self> {
        Arc::new(Self {
            ticking: Mutex::new(Some(ticker.hold())),
            ticker,
            dead: Arc::default(),
            open_bodies: AtomicUsize::new(0),
            current: Mutex::default(),
            death: watch::Sender::new(None),
        })
    }

    /// The request that the guest is working for just now.
    pub fn current(&self) -> Option<Arc<RequestRecord>> {
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

    /// Waits until it is known how the instance died.
    pub async fn death(&self) -> Option<Arc<Death>> {
        let mut death = self.death.subscribe();
        death
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|death| death.clone())
    }
}

/// How an instance died, and of which request.
#[derive(Debug)]
pub struct Death {
    /// The request that the guest was working for.
    pub culprit: Option<Arc<RequestRecord>>,
    /// What ended it.
    pub cause: Cause,
}

/// What ends an instance.
#[derive(Debug)]
pub enum Cause {
    /// A panic or another trap, with the engine's words.
    Trap(String),
    /// A request used more CPU time than it may.
    Cpu(Duration),
    /// The instance asked for more memory than it may have, in bytes.
    Memory {
        /// What it would have had.
        wanted: usize,
        /// What it may have.
        limit: usize,
    },
}

impl State {
    /// The state of a fresh store.
    pub fn new(
        wasi: impl FnOnce(&Arc<Shared>) -> WasiCtx,
        hooks: impl FnOnce(&Arc<Shared>) -> Hooks,
        limits: WorkerLimits,
        ticker: Ticker,
    ) -> Self {
        let shared = Shared::new(ticker);
        Self {
            wasi: wasi(&shared),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: hooks(&shared),
            memory: MemoryLimit::new(limits.memory),
            cpu: CpuMeter::new(),
            cpu_limit: limits.cpu,
            tasks: Vec::new(),
            current: None,
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
        if self.tasks.len() == REMEMBERED {
            self.tasks.remove(0);
        }
        self.tasks.push(Task {
            id,
            record,
            cpu: Duration::ZERO,
        });
        self.current = None;
    }

    /// Notes that the guest works for this task from now on.
    fn set_current(&mut self, task: GuestTaskId) {
        if self.current == Some(task) {
            return;
        }
        self.current = Some(task);
        let record = self.task(task).map(|task| task.record.clone());
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
        let task = self.current.and_then(|id| self.task(id))?;
        task.cpu += slice;
        (task.cpu > limit).then_some(limit)
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

/// What travels with a request into the instance that takes it.
pub struct Ticket {
    /// Who it is.
    pub record: Arc<RequestRecord>,
    /// Filled in by the instance that takes the request.
    pub taken_by: Arc<OnceLock<Arc<Shared>>>,
    /// Ends when nobody waits for the response any more.
    pub waiting: oneshot::Receiver<()>,
}

/// Which generation of the interface a worker was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// WASI 0.2: one request per instance.
    P2,
    /// WASI 0.3: many requests, several at a time.
    P3,
}

/// Decides what an instance takes on, and settles its affairs when it ends.
pub struct InstanceState {
    generation: Generation,
    shared: Arc<Shared>,
    retire: AtomicBool,
}

impl InstanceState {
    /// The state of a fresh instance.
    pub fn new(generation: Generation, shared: Arc<Shared>) -> Self {
        Self {
            generation,
            shared,
            retire: AtomicBool::new(false),
        }
    }
}

impl WorkerState for InstanceState {
    type StoreData = State;
    type RequestData = Ticket;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        let reuse = match self.generation {
            Generation::P2 => 1,
            Generation::P3 => REUSE,
        };
        if total >= reuse || self.retire.load(Ordering::Relaxed) {
            ShouldAccept::Never
        } else if concurrent >= CONCURRENT {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        ticket: Ticket,
        id: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        self.shared.busy();
        let state = store.data_mut();
        if state.memory.should_retire() {
            self.retire.store(true, Ordering::Relaxed);
        }
        state.begin(id, ticket.record);
        // The cell is fresh with every request, so it cannot be full.
        let _ = ticket.taken_by.set(self.shared.clone());
        let waiting = ticket.waiting;
        Box::pin(async move {
            // Nothing is ever sent: an end means that the other side is gone.
            let _ = waiting.await;
            tokio::time::sleep_until(tokio::time::Instant::now() + AFTERWARDS).await;
        })
    }

    fn drop(&self, mut store: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            self.shared.dead.store(true, Ordering::Release);
            self.shared
                .death
                .send_replace(Some(Arc::new(death(&mut store, &error))));
        }
    }
}

/// Reads from a store that failed what it failed of.
fn death(store: &mut Store<State>, error: &wasmtime::Error) -> Death {
    note_current(&mut wasmtime::AsContextMut::as_context_mut(store));
    let state = store.data_mut();
    let limit = state.cpu_limit;
    let task = state.current.and_then(|id| state.task(id));
    let over = task.as_ref().is_some_and(|task| task.cpu > limit);
    let culprit = task.map(|task| task.record.clone());
    let cause = match state.memory.refused() {
        Some(wanted) => Cause::Memory {
            wanted,
            limit: state.memory.limit(),
        },
        None if over => Cause::Cpu(limit),
        None => Cause::Trap(format!("{:#}", error.root_cause())),
    };
    Death { culprit, cause }
}

/// Ends an instance that has had no work for a while, or whose afterwork does not end.
pub struct Expiration {
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    /// Since when afterwork has had no body to write.
    quiet: Option<Instant>,
}

impl Expiration {
    /// For a fresh instance.
    pub fn new(shared: Arc<Shared>) -> Self {
        let sleep = Box::pin(tokio::time::sleep_until(tokio::time::Instant::now() + IDLE));
        Self {
            shared,
            sleep,
            quiet: None,
        }
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        match status {
            WorkerStatus::Idle => {
                self.shared.idle();
                self.quiet = None;
                self.poll_until(cx, start + IDLE)
            }
            // A request ends by its response, by its CPU limit, or some time after its client has gone.
            WorkerStatus::Requests => {
                self.quiet = None;
                Poll::Pending
            }
            // A response that is still being read may take as long as it likes. Nothing wakes an instance when the
            // last of its bodies is dropped, so that is looked at again later.
            WorkerStatus::PostReturn if self.shared.open_bodies.load(Ordering::Relaxed) > 0 => {
                self.quiet = None;
                let _ = self.poll_until(cx, Instant::now() + AFTERWARDS);
                Poll::Pending
            }
            WorkerStatus::PostReturn => {
                let quiet = *self.quiet.get_or_insert_with(Instant::now);
                self.poll_until(cx, quiet + AFTERWARDS)
            }
        }
    }
}
