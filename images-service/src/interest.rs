//! Whether anybody still waits for a result.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Somebody's interest in the result of work that another thread does; it can be lost, and never comes back.
#[derive(Clone, Debug, Default)]
pub struct Interest {
    lost: Arc<AtomicBool>,
}

impl Interest {
    /// Whether nobody waits any more.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// What is held as long as somebody waits.
    #[must_use]
    pub fn held(&self) -> HeldInterest {
        HeldInterest(self.clone())
    }
}

/// Ends the interest when it is dropped.
#[derive(Debug)]
pub struct HeldInterest(Interest);

impl Drop for HeldInterest {
    fn drop(&mut self) {
        self.0.lost.store(true, Ordering::Relaxed);
    }
}
