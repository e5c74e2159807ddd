//! The images process from the runtime's side: its start, its health, its restarts and its end.
//!
//! | module | duty |
//! |---|---|
//! | [`call`] | calls of the process |
//! | `link` | the state that calls and the supervisor share |
//! | `launch` | the start of one child process |
//! | `health` | health checks while calls are in flight |
//! | `supervise` | the replacement of a process that has failed |
//! | `kill` | the fault that kills the process |
//!
//! The child's standard input is a pipe without data. The pipe ends with this program, even after `kill -9`, and the
//! child ends with the pipe.

pub mod call;
mod health;
mod kill;
mod launch;
mod link;
mod supervise;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use safelight_hop::faults::ImagesFaults;
use safelight_hop::log::Log;
use safelight_net::Deadlines;
use safelight_net::pool::Pool;
use safelight_protocol::settings::ImagesSettings;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use self::kill::KillHandle;
use self::launch::Launcher;
use self::link::{Link, ProcessState};
use self::supervise::Supervisor;
use crate::answers;
pub use call::{CallError, ImagesHandle};

/// The line that the child writes once it takes requests.
pub const READY_LINE: &str = "images process ready";

/// The running images process and its supervisor.
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
    /// Fails when it cannot be started or ends before it is ready. The error has the end of its standard error.
    pub async fn start(
        program: PathBuf,
        settings: ImagesSettings,
        log: Log,
    ) -> std::io::Result<Self> {
        let socket = private_socket();
        let deadlines = Deadlines::from(settings.deadlines);
        let launcher = Launcher {
            program,
            socket: socket.clone(),
            settings,
            log: log.clone(),
        };
        let running = launcher.launch().await?;
        let (state, states) = watch::channel(ProcessState::Up(0));
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

    /// A handle for calls, which stays valid when the process is restarted.
    pub fn handle(&self) -> ImagesHandle {
        self.handle.clone()
    }

    /// The socket of the process. A restarted process has the same one.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The faults of this process.
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

    /// Stops the process after its requests, and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.supervisor.await;
    }
}

/// A socket path that no other process has. Its folder is made before each start, with access for this user alone.
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
