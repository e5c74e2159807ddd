//! The images process from the runtime's side: start it, know when it serves, start it again, take it down.
//!
//! | module | duty |
//! |---|---|
//! | [`call`] | calls of whichever process runs just now |
//! | `launch` | one child process, until it says that it is ready |
//! | `health` | whether it still answers while somebody waits for it |
//! | `supervise` | what happens when it does not |
//! | [`kill`] | killing it on purpose |
//!
//! The child's standard input is a pipe that nobody writes to. It ends when this program ends, in whatever way, and the
//! child ends with it: no `kill -9` leaves an images process behind.

pub mod call;
mod health;
mod kill;
mod launch;
mod supervise;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use safelight_hop::faults::ImagesFaults;
use safelight_hop::log::Log;
use safelight_net::Deadlines;
use safelight_net::pool::Pool;
use safelight_protocol::settings::{DeadlineSettings, ImagesSettings};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use self::call::{Link, State};
use self::kill::KillHandle;
use self::launch::Launcher;
use self::supervise::Supervisor;
use crate::answers;
pub use call::{CallError, ImagesHandle};

/// What the child writes, on a line of its own, once it takes requests.
pub const READY_LINE: &str = "images process ready";

/// The running images process and whoever watches it.
pub struct ImagesProcess {
    handle: ImagesHandle,
    socket: PathBuf,
    stop: oneshot::Sender<()>,
    kill_handle: KillHandle,
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
        let deadlines = deadlines(&settings);
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
        let (kill_handle, kills) = KillHandle::new();
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
            kill_handle,
            supervisor: tokio::spawn(supervisor.run(running, stopped, kills)),
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

    /// The faults that only this process can have.
    pub fn faults(&self) -> ImagesFaults {
        let kill = self.kill_handle.clone();
        ImagesFaults {
            reset: || Ok(answers::ended_early("a fault that was asked for")),
            error: |code| Ok(answers::failed(code, "a fault that was asked for")),
            kill: Arc::new(move || {
                let kill = kill.clone();
                Box::pin(async move { kill.kill().await })
            }),
        }
    }

    /// Lets it finish its requests and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.supervisor.await;
    }
}

/// The deadlines of a connection to a process with these settings.
fn deadlines(settings: &ImagesSettings) -> Deadlines {
    let DeadlineSettings {
        header_read_ms,
        body_read_ms,
        write_ms,
    } = settings.deadlines;
    Deadlines {
        header_read: Duration::from_millis(header_read_ms),
        body_read: Duration::from_millis(body_read_ms),
        write: Duration::from_millis(write_ms),
    }
}

/// A path of this process alone. Its folder is made before each start, for this user alone.
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
