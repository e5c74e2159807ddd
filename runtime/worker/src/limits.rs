//! The limits of a guest: memory per instance, CPU time per request, and the clock that interrupts it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{Engine, EngineWeak, ResourceLimiter};

/// The limits of one worker.
#[derive(Clone, Debug)]
pub struct WorkerLimits {
    /// CPU time of one request.
    pub cpu: Duration,
    /// Bytes of all linear memories of one instance together.
    pub memory: usize,
    /// The memory of all instances, which the workers of a run share.
    pub all_memory: AllMemory,
}

/// The memory of all instances together, and its limit. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct AllMemory(Arc<Count>);

#[derive(Debug)]
struct Count {
    limit: usize,
    bytes: AtomicUsize,
}

impl AllMemory {
    /// A limit in bytes, of which nothing is used.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Count {
            limit,
            bytes: AtomicUsize::new(0),
        }))
    }

    /// Takes bytes. Returns whether so many are left.
    fn take(&self, bytes: usize) -> bool {
        let add = |taken: usize| taken.checked_add(bytes).filter(|all| *all <= self.0.limit);
        let count = &self.0.bytes;
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Divisor of the memory limit. An instance above that size takes no new requests, since guest memory never shrinks.
const RETIRE_SHARE: usize = 2;
/// Maximum number of elements in all tables of one instance.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Counts the memory of one instance and refuses growth beyond the limit.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: usize,
    total: usize,
    tables: usize,
    /// The memory of all instances, of which this one has `total`.
    all: AllMemory,
    /// The growth that was refused.
    refused: Option<RefusedMemory>,
}

/// A growth of memory that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedMemory {
    /// The instance would have had more than its limit.
    Instance {
        /// The total that the growth would have reached, in bytes.
        requested: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// All instances together would have had more than their limit.
    All {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Formats the growth as the rest of a sentence that begins with "the worker".
impl fmt::Display for RefusedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance { requested, limit } => write!(
                f,
                "asked for {requested} bytes of memory, more than its limit of {limit}"
            ),
            Self::All { limit } => write!(
                f,
                "asked for memory when all instances had nearly the {limit} bytes that they may have together \
                 (safelight.instances_memory_mb)"
            ),
        }
    }
}

impl std::error::Error for RefusedMemory {}

impl MemoryLimit {
    /// A limit in bytes, within that of all instances.
    pub(crate) fn new(limit: usize, all: AllMemory) -> Self {
        Self {
            limit,
            all,
            total: 0,
            tables: 0,
            refused: None,
        }
    }

    /// Traps the guest. If its growth returned -1, it would panic with a message that names no limit.
    fn refuse(&mut self, refused: RefusedMemory) -> wasmtime::Result<bool> {
        self.refused = Some(refused);
        Err(refused.into())
    }

    /// The growth that was refused, if any was.
    pub(crate) fn refused(&self) -> Option<RefusedMemory> {
        self.refused
    }

    /// Whether the instance should end with its current requests because of its size.
    pub(crate) fn should_retire(&self) -> bool {
        self.total > self.limit / RETIRE_SHARE
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let total = self.total.saturating_add(growth);
        if total > self.limit {
            return self.refuse(RefusedMemory::Instance {
                requested: total,
                limit: self.limit,
            });
        }
        if !self.all.take(growth) {
            let limit = self.all.0.limit;
            return self.refuse(RefusedMemory::All { limit });
        }
        self.total = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.tables = self.tables.saturating_add(desired.saturating_sub(current));
        Ok(self.tables <= MAX_TABLE_ELEMENTS)
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        self.all.give_back(self.total);
    }
}

/// The length of a tick: the time that a guest computes before it yields to others.
const TICK: Duration = Duration::from_millis(1);

/// Measures the CPU time of a guest in slices, from each entry to the next exit.
///
/// A slice counts as one tick at most, since in a longer one the thread waited for a core. If more guests compute than
/// there are cores, the first part of a tick after such a wait counts as a whole tick, so a guest may be stopped at
/// about half its limit. A guest that computes alone is not.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    entered: Instant,
}

impl CpuMeter {
    /// A meter for a guest that is not running.
    pub(crate) fn new() -> Self {
        Self {
            entered: Instant::now(),
        }
    }

    /// The guest is entered.
    pub(crate) fn enter(&mut self) {
        self.entered = Instant::now();
    }

    /// The CPU time since the last call of either method. Begins the next slice.
    pub(crate) fn slice(&mut self) -> Duration {
        let now = Instant::now();
        let slice = now.duration_since(self.entered).min(TICK);
        self.entered = now;
        slice
    }
}

/// Advances an engine's epoch once per tick while a [`TickGuard`] exists, so that an idle program sleeps.
#[derive(Clone)]
pub(crate) struct Ticker(Arc<Owner>);

/// Ends the thread when the last [`Ticker`] is dropped.
struct Owner(Arc<Clock>);

#[derive(Default)]
struct Clock {
    state: Mutex<ClockState>,
    wake: Condvar,
}

#[derive(Default)]
struct ClockState {
    holders: usize,
    ended: bool,
}

impl Ticker {
    /// Starts the thread, which ends with the last clone of the returned value.
    ///
    /// # Errors
    /// When the system cannot create a thread.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let clock = Arc::<Clock>::default();
        let ticker = Self(Arc::new(Owner(clock.clone())));
        let engine = engine.weak();
        std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || clock.run(&engine))?;
        Ok(ticker)
    }

    /// Keeps the clock running until the returned value is dropped.
    pub(crate) fn hold(&self) -> TickGuard {
        self.0.0.change(|state| state.holders += 1);
        TickGuard(self.0.0.clone())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.change(|state| state.ended = true);
    }
}

impl Clock {
    fn change(&self, change: impl FnOnce(&mut ClockState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn run(&self, engine: &EngineWeak) {
        loop {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let state = self
                .wake
                .wait_while(state, |state| state.holders == 0 && !state.ended)
                .unwrap_or_else(PoisonError::into_inner);
            if state.ended {
                return;
            }
            // A change of the state ends this wait early. An additional tick is harmless.
            drop(self.wake.wait_timeout(state, TICK));
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    }
}

/// Keeps an engine's epoch advancing.
pub(crate) struct TickGuard(Arc<Clock>);

impl Drop for TickGuard {
    fn drop(&mut self) {
        self.0.change(|state| state.holders -= 1);
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter;

    use super::{AllMemory, CpuMeter, MemoryLimit, RefusedMemory, TICK};

    fn alone(limit: usize) -> MemoryLimit {
        MemoryLimit::new(limit, AllMemory::new(usize::MAX))
    }

    #[test]
    fn the_memories_of_an_instance_share_one_limit() {
        let mut limit = alone(100);
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(limit.memory_growing(0, 41, None).is_err());
        assert_eq!(
            limit.refused(),
            Some(RefusedMemory::Instance {
                requested: 101,
                limit: 100
            })
        );
        assert!(limit.memory_growing(0, 40, None).unwrap());
    }

    #[test]
    fn all_instances_share_one_limit_and_give_back_what_they_had() {
        let all = AllMemory::new(150);
        let mut first = MemoryLimit::new(100, all.clone());
        let mut second = MemoryLimit::new(100, all.clone());
        assert!(first.memory_growing(0, 90, None).unwrap());
        assert!(second.memory_growing(0, 61, None).is_err());
        assert_eq!(second.refused(), Some(RefusedMemory::All { limit: 150 }));
        assert!(second.memory_growing(0, 60, None).unwrap());
        drop(first);
        assert!(second.memory_growing(60, 100, None).unwrap());
        drop(second);
        assert!(all.take(150));
    }

    #[test]
    fn an_instance_that_grew_past_half_its_limit_retires() {
        let mut limit = alone(100);
        limit.memory_growing(0, 50, None).unwrap();
        assert!(!limit.should_retire());
        limit.memory_growing(50, 51, None).unwrap();
        assert!(limit.should_retire());
    }

    #[test]
    fn a_slice_never_counts_for_more_than_a_tick() {
        let mut meter = CpuMeter::new();
        meter.entered = meter.entered.checked_sub(TICK * 50).unwrap();
        assert_eq!(meter.slice(), TICK);
    }
}
