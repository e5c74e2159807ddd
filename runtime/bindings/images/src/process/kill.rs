//! The images process killed on purpose, for the fault that asks for it.

use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};

/// Kills the images process; whoever watches it starts another.
#[derive(Clone)]
pub(super) struct KillHandle(mpsc::Sender<oneshot::Sender<()>>);

/// Those who want the process killed.
pub(super) struct KillRequests(mpsc::Receiver<oneshot::Sender<()>>);

/// Those who wait for the end of a process. Dropped, it tells them that there it is.
#[derive(Default)]
pub(super) struct KillWaiters(Vec<oneshot::Sender<()>>);

impl KillHandle {
    pub(super) fn new() -> (Self, KillRequests) {
        let (kill_handle, kills) = mpsc::channel(1);
        (Self(kill_handle), KillRequests(kills))
    }

    /// Kills the process, and returns when it is gone. One that is just being restarted is killed when it is back.
    pub(super) async fn kill(&self) {
        let (gone, end) = oneshot::channel();
        if self.0.send(gone).await.is_ok() {
            // Nothing is ever sent: the other side is dropped when the process has ended.
            let _ = end.await;
        }
    }
}

impl KillRequests {
    /// Kills the child as often as somebody asks for it, and returns when it has ended.
    pub(super) async fn end_of(
        &mut self,
        child: &mut Child,
        waiting: &mut KillWaiters,
    ) -> std::io::Result<std::process::ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                Some(gone) = self.0.recv() => {
                    // One that cannot be killed has ended already.
                    let _ = child.start_kill();
                    waiting.0.push(gone);
                }
            }
        }
    }
}
