//! The fault that kills the images process.

use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};

/// Kills the images process. Its supervisor starts another.
#[derive(Clone)]
pub(super) struct KillHandle(mpsc::Sender<oneshot::Sender<()>>);

/// The requests to kill the process.
pub(super) struct KillRequests(mpsc::Receiver<oneshot::Sender<()>>);

/// The callers that wait for the end of a process. Dropping this value tells them that it has ended.
#[derive(Default)]
pub(super) struct KillWaiters(Vec<oneshot::Sender<()>>);

impl KillWaiters {
    /// Returns whether nobody has asked to kill the process.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl KillHandle {
    pub(super) fn new() -> (Self, KillRequests) {
        let (kill_handle, kills) = mpsc::channel(1);
        (Self(kill_handle), KillRequests(kills))
    }

    /// Kills the process, and returns when it has ended. A process that is being restarted is killed when it is ready.
    pub(super) async fn kill(&self) {
        let (gone, end) = oneshot::channel();
        if self.0.send(gone).await.is_ok() {
            // No value is sent: the sender is dropped when the process has ended.
            let _ = end.await;
        }
    }
}

impl KillRequests {
    /// Kills the child at each request, and returns when it has ended.
    pub(super) async fn end_of(&mut self, child: &mut Child, waiting: &mut KillWaiters) {
        loop {
            tokio::select! {
                _ = child.wait() => return,
                Some(gone) = self.0.recv() => {
                    // A child that cannot be killed has ended already.
                    let _ = child.start_kill();
                    waiting.0.push(gone);
                }
            }
        }
    }
}
