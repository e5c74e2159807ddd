//! The images process from the runtime's side: start it, know when it serves, start it again, take it down.
//!
//! | module | duty |
//! |---|---|
//! | [`call`] | calls of whichever process runs just now |
//! | `launch` | one child process, until it says that it is ready |
//! | `health` | whether it still answers while somebody waits for it |
//! | `supervise` | what happens when it does not |
//! | [`crash`] | killing it on purpose |
//!
//! The child's standard input is a pipe that nobody writes to. It ends when this program ends, in whatever way, and the
//! child ends with it: no `kill -9` leaves an images process behind.

pub mod call;
pub mod crash;
mod health;
mod launch;
mod supervise;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use safelight_net::Deadlines;
use safelight_outgoing::Exception;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::bindings::pool::Pool;
use crate::log::Log;
use crate::pixel_settings::PixelSettings;

pub use call::{CallError, ImagesHandle};
use call::{Link, State};
pub use crash::Crasher;
use launch::Launcher;
use supervise::Supervisor;

/// What the child writes, on a line of its own, once it takes requests.
pub const READY_LINE: &str = "images process ready";

/// What the images process is told when it starts.
#[derive(Debug, Clone, Default)]
pub struct ImagesSettings {
    pub deadlines: Deadlines,
    /// What the pixels of one request may be and cost.
    pub pixels: PixelSettings,
    /// Addresses that it may reach for fonts although they are not public.
    pub allowed_addresses: Vec<Exception>,
    /// Of how many calls it keeps what its transport did, the last ones.
    pub transports: u16,
}

/// The running images process and whoever watches it.
pub struct ImagesProcess {
    handle: ImagesHandle,
    socket: PathBuf,
    stop: oneshot::Sender<()>,
    crasher: Crasher,
    supervisor: JoinHandle<()>,
}

impl ImagesProcess {
    /// Starts `program` as an images process on a private socket and waits until it serves.
    ///
    /// # Errors
    /// When it cannot be started or ends before it is ready; the error has its last words.
    pub async fn start(
        program: PathBuf,
        settings: ImagesSettings,
        log: Log,
    ) -> std::io::Result<Self> {
        let socket = private_socket();
        let deadlines = settings.deadlines;
        let launcher = Launcher {
            program,
            socket: socket.clone(),
            settings,
            log: log.clone(),
        };
        let running = launcher.launch().await?;
        let (state, states) = watch::channel(State::Up(0));
        let link = Arc::new(Link::new(Pool::new(&socket, deadlines), states));
        let (stop, stopped) = oneshot::channel();
        let (crasher, crashes) = Crasher::new();
        let supervisor = Supervisor {
            launcher,
            link: link.clone(),
            state,
            log,
        };
        Ok(Self {
            handle: ImagesHandle(link),
            socket,
            stop,
            crasher,
            supervisor: tokio::spawn(supervisor.run(running, stopped, crashes)),
        })
    }

    /// The way to it, which stays good when it is restarted.
    pub fn handle(&self) -> ImagesHandle {
        self.handle.clone()
    }

    /// The socket on which it serves, also when it is restarted.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The means to kill it.
    pub fn crasher(&self) -> Crasher {
        self.crasher.clone()
    }

    /// Lets it finish its requests and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.supervisor.await;
    }
}

/// A path that nobody else uses. Its folder is made before each start, for this user alone.
fn private_socket() -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    base.join(format!(
        "safelight-{}-{nanos:x}-{count}",
        std::process::id()
    ))
    .join("images.sock")
}
