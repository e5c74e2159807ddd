//! A quota for the bytes of all requests that the process holds at the same time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// The bytes that all requests together may hold.
#[derive(Clone, Debug)]
pub(crate) struct ByteQuota {
    left: Arc<AtomicUsize>,
}

impl ByteQuota {
    /// Creates a quota of `limit` bytes.
    #[must_use]
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(limit)),
        }
    }

    /// Returns the reservation of one request, which is empty at first.
    #[must_use]
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation {
            left: Arc::clone(&self.left),
            bytes: 0,
        }
    }
}

/// The bytes that one request holds. Dropping it returns them to the quota.
#[derive(Debug)]
pub(crate) struct Reservation {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

impl Reservation {
    /// Reserves more bytes, before they are kept.
    ///
    /// # Errors
    /// At once, if the quota has fewer bytes left.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), ServiceError> {
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

impl Drop for Reservation {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::ByteQuota;

    #[test]
    fn all_reservations_together_stay_within_the_limit_and_come_back() {
        let quota = ByteQuota::new(10);
        let mut one = quota.reservation();
        let mut other = quota.reservation();
        assert!(one.reserve(6).is_ok());
        assert!(
            other.reserve(5).is_err(),
            "a refused reservation takes nothing"
        );
        assert!(other.reserve(4).is_ok());
        drop(one);
        assert!(other.reserve(6).is_ok());
        drop(other);
        assert!(quota.reservation().reserve(10).is_ok());
    }
}
