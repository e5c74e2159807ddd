//! Uploads in parts that nobody completes: given up a week after they were begun, at the start and every hour.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at};

use super::blobs::Blobs;
use super::error::R2Error;
use super::index::{Index, transact, uploads};
use super::limits::UPLOAD_MS;
use super::now;

const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Looks for old uploads of a bucket as long as one of its clones lives.
#[derive(Clone)]
pub(super) struct Expiry {
    _rounds: Arc<Rounds>,
}

struct Rounds(AbortHandle);

impl Expiry {
    /// Begins an hour from now; at the start it is waited for.
    pub(super) fn begin(index: &Index, blobs: Blobs) -> Self {
        // It keeps no index open that nobody else uses.
        let index = index.downgrade();
        let rounds = tokio::spawn(async move {
            let mut hours = interval_at(Instant::now() + PAUSE, PAUSE);
            loop {
                hours.tick().await;
                let Some(index) = index.upgrade() else {
                    return;
                };
                let round = blobs.chore(give_up_old(index, blobs.clone()));
                // An index that is busy or full now may do it in an hour; who uses it is told by himself.
                let _ = round.await;
            }
        });
        Self {
            _rounds: Arc::new(Rounds(rounds.abort_handle())),
        }
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Gives up the uploads that were begun too long ago, and forgets those that are over.
pub(super) async fn give_up_old(index: Index, blobs: Blobs) -> Result<(), R2Error> {
    let before = now::milliseconds().saturating_sub(UPLOAD_MS);
    let blobs = blobs.releasing();
    let done = index.run(move |index| {
        let released = transact(index, |index| uploads::forget(index, before))?;
        blobs.discard(released);
        Ok(())
    });
    done.await
}
