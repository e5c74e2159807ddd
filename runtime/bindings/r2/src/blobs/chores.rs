//! What is done to blobs whether somebody waits for it or not, and when all of it is done.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::R2Error;

/// The work on one bucket's blobs in the background. Clones count together.
#[derive(Clone)]
pub(crate) struct Chores {
    runtime: Handle,
    under_way: Arc<watch::Sender<usize>>,
}

/// Work that goes on when nobody waits for it any more. What comes of it is then dropped where it was done, and that is part of the
/// work.
pub(super) struct Chore<T>(JoinHandle<(T, Counted)>);

/// Something that is under way, as long as it lives.
pub(super) struct Counted(Arc<watch::Sender<usize>>);

impl Chores {
    /// Of the runtime that this is called in.
    pub(super) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            under_way: Arc::default(),
        }
    }

    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Chore<T> {
        let counted = self.counted();
        Chore(self.runtime.spawn(async move { (work.await, counted) }))
    }

    pub(super) fn counted(&self) -> Counted {
        self.under_way.send_modify(|count| *count += 1);
        Counted(self.under_way.clone())
    }

    /// Waits until nothing is under way.
    pub(super) async fn settled(&self) {
        let mut under_way = self.under_way.subscribe();
        // The sender is here, so it is not gone.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }
}

impl<T> Chore<T> {
    pub(super) async fn done(&mut self) -> Result<T, R2Error> {
        match (&mut self.0).await {
            Ok((done, _counted)) => Ok(done),
            Err(error) => Err(R2Error::unfinished(&error, "a blob is written")),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Chores;

    #[tokio::test]
    async fn work_that_panics_is_no_end_of_the_program() {
        let chores = Chores::new();
        let mut chore = chores.begin(async { panic!("a bug") });
        let done: Result<(), _> = chore.done().await;
        let words = done.unwrap_err().to_string();
        assert!(
            words.contains("panic") && words.contains("(10001)"),
            "{words}"
        );
    }
}
