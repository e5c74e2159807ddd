//! Keeps pixel processes warm: the most recently used one works next, and a spare is ready.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use safelight_net::task::TaskGuard;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    admission::Admitted,
    handle::{Launcher, PixelProcess},
};

/// The idle time after which the shared memory of a process is returned to the system.
const IDLE: Duration = Duration::from_secs(2);

/// The pixel processes that wait for work.
#[derive(Debug)]
pub(super) struct Pool {
    launcher: Launcher,
    /// The last one was used most recently, so its heap and its caches are the warmest.
    idle: Mutex<Vec<Idle>>,
    max_idle: usize,
    is_launching: AtomicBool,
    /// Tells that a process came back.
    returned: Arc<Notify>,
    _releasing: TaskGuard<()>,
    has_told: AtomicBool,
}

/// A process that waits for work.
#[derive(Debug)]
struct Idle {
    process: PixelProcess,
    /// The time at which its shared memory is returned to the system, if it has not been.
    releases: Option<Instant>,
}

impl Pool {
    /// Creates an empty pool that keeps up to `max_idle` processes.
    pub(super) fn new(launcher: Launcher, max_idle: usize) -> Arc<Self> {
        let returned = Arc::new(Notify::new());
        Arc::new_cyclic(|pool| Self {
            launcher,
            idle: Mutex::default(),
            max_idle,
            is_launching: AtomicBool::new(false),
            _releasing: TaskGuard::spawn(release_idle(pool.clone(), Arc::clone(&returned))),
            returned,
            has_told: AtomicBool::new(false),
        })
    }

    /// Takes the warmest process, or starts one. A spare follows in the background.
    ///
    /// # Errors
    /// Fails when a process is needed and does not start.
    pub(super) async fn take(self: &Arc<Self>) -> io::Result<PixelProcess> {
        let process = loop {
            let idle = self.idle().pop();
            match idle {
                Some(Idle { process, .. }) => {
                    if let Some(process) = process.if_idle().await {
                        break process;
                    }
                }
                None => break self.launch().await?,
            }
        };
        self.start_spare();
        Ok(process)
    }

    /// Starts a process in the background, if none waits.
    pub(super) fn start_spare(self: &Arc<Self>) {
        if !self.idle().is_empty() || self.is_launching.swap(true, Ordering::AcqRel) {
            return;
        }
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            match pool.launch().await {
                // It has never worked, so every other process is warmer.
                Ok(process) => pool.idle().insert(
                    0,
                    Idle {
                        process,
                        releases: None,
                    },
                ),
                Err(error) => tracing::warn!(%error, "a spare pixel process did not start"),
            }
            pool.is_launching.store(false, Ordering::Release);
        });
    }

    /// Returns a process, with the memory that its request was admitted to. A process that must not be used again is
    /// killed.
    pub(super) async fn give_back(&self, mut process: PixelProcess, admitted: Option<Admitted>) {
        if let Err(why) = process.check_reusable() {
            return process.retire(why).await;
        }
        process.retain(admitted);
        let surplus = {
            let mut idle = self.idle();
            idle.push(Idle {
                process,
                releases: Some(Instant::now() + IDLE),
            });
            (idle.len() > self.max_idle).then(|| idle.remove(0))
        };
        self.returned.notify_one();
        if let Some(Idle { process, .. }) = surplus {
            process.retire("others wait for work").await;
        }
    }

    /// Returns the shared memory of the processes that have been idle for long enough to the system. Returns the time of
    /// the next one.
    fn release(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut idle = self.idle();
        for waiting in idle.iter_mut() {
            if waiting.releases.is_some_and(|at| at <= now) {
                waiting.releases = None;
                if let Err(error) = waiting.process.release() {
                    tracing::warn!(%error, "shared memory is not returned");
                }
            }
        }
        idle.iter().filter_map(|waiting| waiting.releases).min()
    }

    async fn launch(&self) -> io::Result<PixelProcess> {
        let (process, confinement) = self.launcher.launch().await?;
        if !self.has_told.swap(true, Ordering::AcqRel) {
            confinement.warn("a pixel process");
        }
        Ok(process)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the shared memory of idle processes to the system, some time after each of them came back.
async fn release_idle(pool: Weak<Pool>, returned: Arc<Notify>) {
    loop {
        returned.notified().await;
        loop {
            let next = match pool.upgrade() {
                Some(pool) => pool.release(),
                None => return,
            };
            match next {
                Some(at) => sleep_until(at).await,
                None => break,
            }
        }
    }
}
