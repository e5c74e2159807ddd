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
            quota: self.clone(),
            bytes: AtomicUsize::new(0),
        }
    }
}

/// The bytes that one request holds. Dropping it returns them to the quota.
#[derive(Debug)]
pub(crate) struct Reservation {
    quota: ByteQuota,
    bytes: AtomicUsize,
}

impl Reservation {
    /// Returns another reservation of the same quota, which is empty at first.
    #[must_use]
    pub(crate) fn another(&self) -> Self {
        self.quota.reservation()
    }

    /// Reserves more bytes, before they are kept.
    ///
    /// # Errors
    /// Fails at once when the quota has fewer bytes left.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), ServiceError> {
        let left = &self.quota.left;
        left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            left.checked_sub(bytes)
        })
        .map_err(|_left| {
            let full = "the images process is busy: the forms and fonts of all requests take as much memory as they may (`memory_total_mb`)";
            ServiceError::new(ErrorCode::Busy, full)
        })?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.quota.left.fetch_add(bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::ByteQuota;

    #[test]
    fn all_reservations_together_stay_within_the_limit_and_come_back() {
        let quota = ByteQuota::new(10);
        let one = quota.reservation();
        let other = quota.reservation();
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
