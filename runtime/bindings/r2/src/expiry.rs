//! Uploads in parts that nobody completes: given up a week after they were begun, at the start and every hour.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at};

use super::blobs::Blobs;
use super::error::R2Error;
use super::index::{Index, transact, uploads};
use super::limits::MAX_UPLOAD_AGE_MS;
use super::now;

const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Looks for old uploads of a bucket as long as one of its clones lives.
#[derive(Clone)]
pub(super) struct UploadExpiry {
    _task: Arc<AbortOnDrop>,
}

struct AbortOnDrop(AbortHandle);

impl UploadExpiry {
    /// Begins an hour from now; at the start it is waited for.
    pub(super) fn begin(index: &Index, blobs: Blobs) -> Self {
        // It keeps no index open that nobody else uses.
        let index = index.downgrade();
        let task = tokio::spawn(async move {
            let mut hours = interval_at(Instant::now() + SWEEP_INTERVAL, SWEEP_INTERVAL);
            loop {
                hours.tick().await;
                let Some(index) = index.upgrade() else {
                    return;
                };
                let round = blobs.run_in_background(abort_expired(index, blobs.clone()));
                // An index that is busy or full now may do it in an hour; who uses it is told by himself.
                let _ = round.await;
            }
        });
        Self {
            _task: Arc::new(AbortOnDrop(task.abort_handle())),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Gives up the uploads that were begun too long ago, and forgets those that are over.
pub(super) async fn abort_expired(index: Index, blobs: Blobs) -> Result<(), R2Error> {
    let before = now::milliseconds().saturating_sub(MAX_UPLOAD_AGE_MS);
    let blobs = blobs.release_guard();
    let done = index.run(move |index| {
        let released = transact(index, |index| uploads::forget(index, before))?;
        blobs.discard(released);
        Ok(())
    });
    done.await
}
