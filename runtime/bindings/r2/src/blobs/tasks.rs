//! Background tasks on the blobs of a bucket, and a count of those that run.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::R2Error;

/// The background tasks of one bucket. Clones share one count.
#[derive(Clone)]
pub(crate) struct BackgroundTasks {
    runtime: Handle,
    running: Arc<watch::Sender<usize>>,
}

/// A task that goes on when its handle is dropped. Its result is then dropped in the task, and the task counts until
/// that is done.
pub(super) struct BackgroundTask<T>(JoinHandle<(T, TaskGuard)>);

/// Counts as a running task as long as it lives.
pub(super) struct TaskGuard(Arc<watch::Sender<usize>>);

impl BackgroundTasks {
    /// Tasks of the current runtime.
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

    /// Waits until no task runs.
    pub(super) async fn settled(&self) {
        let mut running = self.running.subscribe();
        // The channel cannot close: `self` holds its sender.
        let _ = running.wait_for(|count| *count == 0).await;
    }
}

impl<T> BackgroundTask<T> {
    pub(super) async fn join(&mut self) -> Result<T, R2Error> {
        match (&mut self.0).await {
            Ok((output, _guard)) => Ok(output),
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
        let output: Result<(), _> = task.join().await;
        let words = output.unwrap_err().to_string();
        assert!(
            words.contains("panic") && words.contains("(10001)"),
            "{words}"
        );
    }
}
