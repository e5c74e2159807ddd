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

use super::handle::{Launcher, PixelProcess};

/// The idle time after which the shared memory of a process is returned to the system.
const IDLE: Duration = Duration::from_secs(2);

/// The pixel processes that wait for work.
#[derive(Debug)]
pub(super) struct Pool {
    launcher: Launcher,
    /// The last one was used most recently, so its heap and its caches are the warmest.
    idle: Mutex<Vec<PixelProcess>>,
    max_idle: usize,
    is_launching: AtomicBool,
    /// Tells that a process came back.
    returned: Arc<Notify>,
    _releasing: TaskGuard<()>,
    has_told: AtomicBool,
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
                // A process may have been killed while it was idle.
                Some(mut process) => {
                    if process.is_alive() {
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
                Ok(spare) => pool.idle().insert(0, spare),
                Err(error) => tracing::warn!(%error, "a spare pixel process did not start"),
            }
            pool.is_launching.store(false, Ordering::Release);
        });
    }

    /// Returns a process that may do another request. Others are killed.
    pub(super) async fn give_back(&self, process: PixelProcess) {
        let keeps = process.may_go_on() && process.release_large().is_ok();
        let surplus = match keeps {
            true => {
                let mut idle = self.idle();
                idle.push(process);
                (idle.len() > self.max_idle).then(|| idle.remove(0))
            }
            false => Some(process),
        };
        self.returned.notify_one();
        if let Some(surplus) = surplus {
            let _status = surplus.kill().await;
        }
    }

    async fn launch(&self) -> io::Result<PixelProcess> {
        let (process, confinement) = self.launcher.launch().await?;
        if !self.has_told.swap(true, Ordering::AcqRel) {
            confinement.warn("a pixel process");
        }
        Ok(process)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PixelProcess>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the shared memory of idle processes to the system, some time after the last of them came back.
async fn release_idle(pool: Weak<Pool>, returned: Arc<Notify>) {
    loop {
        returned.notified().await;
        sleep_until(Instant::now() + IDLE).await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        for process in pool.idle().iter_mut() {
            if let Err(error) = process.release() {
                tracing::warn!(%error, "shared memory is not returned");
            }
        }
    }
}
