//! The abortion of uploads in parts that are a week old, when the bucket is opened and every hour.

use std::sync::Arc;
use std::time::Duration;

use safelight_hop::log::Log;
use safelight_net::task::TaskGuard;
use tokio::time::{Instant, interval_at};

use super::blobs::Blobs;
use super::error::R2Error;
use super::index::{Index, transact, uploads};
use super::limits::MAX_UPLOAD_AGE_MS;
use super::now;

const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Aborts old uploads of a bucket every hour, as long as a clone of this value lives.
#[derive(Clone)]
pub(super) struct UploadExpiry {
    _task: Arc<TaskGuard<()>>,
}

impl UploadExpiry {
    /// Starts the task for the bucket `name`. Its first round is in an hour: the sweep at the start aborts old uploads
    /// itself.
    pub(super) fn start(name: &str, index: &Index, blobs: Blobs, log: &Log) -> Self {
        // The task alone does not keep the index open.
        let index = index.downgrade();
        let (name, log) = (name.to_owned(), log.clone());
        let task = TaskGuard::spawn(async move {
            let mut hours = interval_at(Instant::now() + SWEEP_INTERVAL, SWEEP_INTERVAL);
            loop {
                hours.tick().await;
                let Some(index) = index.upgrade() else {
                    return;
                };
                let round = blobs.run_in_background(abort_expired(index, blobs.clone()));
                match round.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) | Err(error) => log.warn(format_args!(
                        "old uploads to the bucket {name} could not be aborted, and are tried again in an hour: {error}"
                    )),
                }
            }
        });
        Self {
            _task: Arc::new(task),
        }
    }
}

/// Aborts the uploads above the maximum age, and deletes the rows of those that ended as long ago.
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
