//! The holder of a permit: it is known by its owner and its pace, and learns that it has to give way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use super::pace::Pace;

/// There is no answer yet.
const WORKS: u8 = 0;
/// The answer has begun.
const ANSWERS: u8 = 1;
/// The holder has to end.
const GIVES_WAY: u8 = 2;

/// The holder of permits: a request of a client, or a call. Clones are the same holder.
#[derive(Clone, Debug)]
pub struct Holder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    owner: u64,
    pace: Pace,
    state: AtomicU8,
    /// Wakes the future that makes the answer.
    before_answer: Notify,
    /// Wakes the task that sends it.
    in_answer: Arc<Notify>,
}

impl Holder {
    /// Makes the holder of an owner, whose holders share what there is: a connection for its requests, a request for its
    /// calls. `in_answer` is notified when the holder has to give way after its answer has begun.
    #[must_use]
    pub fn new(owner: u64, in_answer: Arc<Notify>) -> Self {
        Self(Arc::new(Shared {
            owner,
            pace: Pace::default(),
            state: AtomicU8::new(WORKS),
            before_answer: Notify::new(),
            in_answer,
        }))
    }

    /// The number of the owner.
    #[must_use]
    pub fn owner(&self) -> u64 {
        self.0.owner
    }

    /// The pace of the peer for which the permit is held.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// Begins the answer. Returns whether the holder has not had to give way before.
    #[must_use]
    pub fn begin_answer(&self) -> bool {
        let (order, other) = (Ordering::AcqRel, Ordering::Acquire);
        let state = self.0.state.compare_exchange(WORKS, ANSWERS, order, other);
        state != Err(GIVES_WAY)
    }

    /// Waits until the holder has to give way without having begun its answer.
    pub async fn must_end(&self) {
        loop {
            let notified = self.0.before_answer.notified();
            if self.gives_way() {
                return;
            }
            notified.await;
        }
    }

    /// Returns whether the holder has had to give way.
    #[must_use]
    pub fn gives_way(&self) -> bool {
        self.0.state.load(Ordering::Acquire) == GIVES_WAY
    }

    /// Tells the holder to give way.
    pub(super) fn give_way(&self) {
        match self.0.state.swap(GIVES_WAY, Ordering::AcqRel) {
            WORKS => self.0.before_answer.notify_waiters(),
            ANSWERS => self.0.in_answer.notify_one(),
            _ => {}
        }
    }
}
