//! What is done to blobs whether somebody waits for it or not, and when all of it is done.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::R2Error;

/// The work on one bucket's blobs in the background. Clones count together.
#[derive(Clone)]
pub(crate) struct BackgroundTasks {
    runtime: Handle,
    running: Arc<watch::Sender<usize>>,
}

/// Work that goes on when nobody waits for it any more. What comes of it is then dropped where it was done, and that is part of the
/// work.
pub(super) struct BackgroundTask<T>(JoinHandle<(T, TaskGuard)>);

/// Something that is under way, as long as it lives.
pub(super) struct TaskGuard(Arc<watch::Sender<usize>>);

impl BackgroundTasks {
    /// Of the runtime that this is called in.
    pub(super) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            running: Arc::default(),
        }
    }

    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> BackgroundTask<T> {
        let guard = self.guard();
        BackgroundTask(self.runtime.spawn(async move { (work.await, guard) }))
    }

    pub(super) fn guard(&self) -> TaskGuard {
        self.running.send_modify(|count| *count += 1);
        TaskGuard(self.running.clone())
    }

    /// Waits until nothing is under way.
    pub(super) async fn settled(&self) {
        let mut running = self.running.subscribe();
        // The sender is here, so it is not gone.
        let _ = running.wait_for(|count| *count == 0).await;
    }
}

impl<T> BackgroundTask<T> {
    pub(super) async fn join(&mut self) -> Result<T, R2Error> {
        match (&mut self.0).await {
            Ok((join, _guard)) => Ok(join),
            Err(error) => Err(R2Error::unfinished(&error, "a blob is written")),
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::BackgroundTasks;

    #[tokio::test]
    async fn work_that_panics_is_no_end_of_the_program() {
        let tasks = BackgroundTasks::new();
        let mut task = tasks.spawn(async { panic!("a bug") });
        let join: Result<(), _> = task.join().await;
        let words = join.unwrap_err().to_string();
        assert!(
            words.contains("panic") && words.contains("(10001)"),
            "{words}"
        );
    }
}
