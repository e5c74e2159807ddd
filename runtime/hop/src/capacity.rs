//! Permits for work of which only so much goes on at a time. While others wait, work that its peer holds up gives way.
//!
//! Without that, as many peers as there are permits, each of which sends or takes a byte now and then, would shut out all
//! others.

mod holder;
mod pace;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

pub use self::holder::Holder;
pub use self::pace::{
    Direction, MAX_STALL, MIN_BYTES_PER_SECOND, Pace, PacedUpload, record_answer,
};

/// Time between two searches for slow holders.
const SEARCH_INTERVAL: Duration = Duration::from_millis(100);

/// A number of permits.
///
/// A free permit goes to the one of those that wait whose owner holds the fewest; among equals, to the first.
#[derive(Clone)]
pub struct Capacity(Arc<Shared>);

struct Shared {
    max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The holders of the permits, by the numbers of the permits.
    held: HashMap<u64, Holder>,
    /// The permits of each owner.
    owned: HashMap<u64, usize>,
    /// Those that wait, in their order.
    waiting: Vec<Waiting>,
    /// The last number of a permit, or of one that waits.
    last: u64,
    /// The time of the last search for slow holders.
    searched: Option<Instant>,
}

struct Waiting {
    number: u64,
    holder: Holder,
    grant: oneshot::Sender<Permit>,
}

/// A permit. Dropping it passes it on.
pub struct Permit {
    capacity: Capacity,
    number: u64,
}

impl Capacity {
    /// Makes so many permits.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self(Arc::new(Shared {
            max,
            state: Mutex::default(),
        }))
    }

    /// Takes a permit if one is free.
    #[must_use]
    pub fn try_acquire(&self, holder: &Holder) -> Option<Permit> {
        let mut state = self.lock();
        let is_free = state.held.len() < self.0.max;
        is_free.then(|| self.grant(&mut state, holder.clone()))
    }

    /// Waits for a permit. While none is free, holders whose peers are too slow give way.
    pub async fn acquire(&self, holder: &Holder) -> Permit {
        if let Some(permit) = self.try_acquire(holder) {
            return permit;
        }
        let (grant, mut granted) = oneshot::channel();
        let turn = self.enqueue(holder, grant);
        // A permit may have become free meanwhile.
        self.pass_on();
        loop {
            match timeout(SEARCH_INTERVAL, &mut granted).await {
                Ok(Ok(permit)) => {
                    drop(turn);
                    return permit;
                }
                // The sender is dropped with its turn alone.
                Ok(Err(_)) | Err(_) => self.make_way(),
            }
        }
    }

    /// Tells slow holders to give way, as many as others wait, and first those of the owners that hold most.
    fn make_way(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        // One search is for all that wait.
        if state
            .searched
            .is_some_and(|last| now < last + SEARCH_INTERVAL)
        {
            return;
        }
        state.searched = Some(now);
        let holders = || state.held.values();
        let leaving = holders().filter(|holder| holder.gives_way()).count();
        let mut slow: Vec<_> = holders()
            .filter(|holder| holder.pace().is_too_slow())
            .collect();
        slow.retain(|holder| !holder.gives_way());
        slow.sort_by_key(|holder| Reverse(state.owned.get(&holder.owner())));
        slow.truncate(state.waiting.len().saturating_sub(leaving));
        for holder in slow {
            holder.give_way();
        }
    }

    fn enqueue(&self, holder: &Holder, grant: oneshot::Sender<Permit>) -> Turn<'_> {
        let mut state = self.lock();
        let number = state.number();
        state.waiting.push(Waiting {
            number,
            holder: holder.clone(),
            grant,
        });
        Turn {
            capacity: self,
            number,
        }
    }

    /// Gives the free permits to those that wait.
    fn pass_on(&self) {
        loop {
            let mut state = self.lock();
            if state.held.len() >= self.0.max {
                return;
            }
            let owned = |waiting: &Waiting| state.owned.get(&waiting.holder.owner()).copied();
            let order = state.waiting.iter().enumerate();
            let Some((next, _)) = order.min_by_key(|(_, waiting)| owned(waiting)) else {
                return;
            };
            let waiting = state.waiting.remove(next);
            let permit = self.grant(&mut state, waiting.holder);
            drop(state);
            // Without a receiver, the permit is dropped here, and passed on.
            let _ = waiting.grant.send(permit);
        }
    }

    fn grant(&self, state: &mut State, holder: Holder) -> Permit {
        let number = state.number();
        *state.owned.entry(holder.owner()).or_default() += 1;
        state.held.insert(number, holder);
        Permit {
            capacity: self.clone(),
            number,
        }
    }

    /// Ends the use of a permit.
    fn release(&self, permit: u64) {
        let mut state = self.lock();
        let Some(holder) = state.held.remove(&permit) else {
            return;
        };
        if let Some(owned) = state.owned.get_mut(&holder.owner()) {
            *owned -= 1;
            if *owned == 0 {
                state.owned.remove(&holder.owner());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.capacity.release(self.number);
        self.capacity.pass_on();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", self.number)
    }
}

/// The place of one that waits. Dropping it ends the wait.
struct Turn<'a> {
    capacity: &'a Capacity,
    number: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.capacity.lock();
        state
            .waiting
            .retain(|waiting| waiting.number != self.number);
    }
}

/// Returns why a holder had to give way, for the log and for its peer. `what` names what there are `max` of.
#[must_use]
pub fn too_slow(max: usize, what: &str) -> String {
    format!(
        "others wait for one of the {max} {what}, and less than {} KB/s have come or gone for {} s",
        MIN_BYTES_PER_SECOND / 1_000,
        MAX_STALL.as_secs()
    )
}

#[cfg(test)]
mod tests;
