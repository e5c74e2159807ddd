//! How many bytes of requests the process holds at the same time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// The bytes of all requests together, bounded.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    left: Arc<AtomicUsize>,
}

impl Held {
    /// Room for `limit` bytes.
    #[must_use]
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(limit)),
        }
    }

    /// The part of one request, empty at first.
    #[must_use]
    pub(crate) fn share(&self) -> Share {
        Share {
            left: Arc::clone(&self.left),
            bytes: 0,
        }
    }
}

/// The bytes that one request holds. Dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Share {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

impl Share {
    /// Takes room for more bytes, before they are kept.
    ///
    /// # Errors
    /// At once, when the requests that are held leave too little room.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ServiceError> {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(bytes)
            })
            .map_err(|_left| {
                let full =
                    "the images process is busy: it holds as many bytes of requests as it may";
                ServiceError::new(ErrorCode::Busy, full)
            })?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::Held;

    #[test]
    fn all_shares_together_stay_within_the_limit_and_come_back() {
        let held = Held::new(10);
        let mut one = held.share();
        let mut other = held.share();
        assert!(one.grow(6).is_ok());
        assert!(other.grow(5).is_err(), "a refused share takes nothing");
        assert!(other.grow(4).is_ok());
        drop(one);
        assert!(other.grow(6).is_ok());
        drop(other);
        assert!(held.share().grow(10).is_ok());
    }
}
