//! Divides the memory for pixels and results among requests: first come, first served, and bounded.

use std::{sync::Arc, time::Duration};

use safelight_protocol::{ErrorCode, settings::MEGABYTE};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::error::ServiceError;

/// The bytes that every process may take besides those that a request is admitted with: its code's data, its threads'
/// stacks, headers, fonts and results.
pub(super) const OWN_MEMORY: u64 = 192_000_000;

/// The unit of the account. A semaphore counts no more than 32 bits at once.
const UNIT: u64 = 1 << 16;

/// The memory that requests are admitted to.
#[derive(Debug)]
pub(super) struct Admission {
    units: Arc<Semaphore>,
    total: u32,
    /// The bytes that one request may need. A request whose pixels decide sizes asks for all of them.
    budget: u64,
    wait: Duration,
}

/// The memory of one request. Dropping it returns the memory.
#[derive(Debug)]
pub(super) struct Admitted {
    units: OwnedSemaphorePermit,
}

impl Admitted {
    /// Takes a part of the memory. Returns nothing if the part is larger than the whole.
    pub(super) fn split(&mut self, bytes: u64) -> Option<Self> {
        let units = usize::try_from(bytes.div_ceil(UNIT)).ok()?;
        let units = self.units.split(units)?;
        Some(Self { units })
    }
}

impl Admission {
    /// Creates an account of so many bytes, of which one request may need `budget`, and for which a request waits no
    /// longer than `wait`.
    pub(super) fn new(bytes: u64, budget: u64, wait: Duration) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        let total = total.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            units: Arc::new(Semaphore::new(total as usize)),
            total,
            budget,
            wait,
        }
    }

    /// Waits for the bytes that a request needs, and for those that every process may take. Dropping the future leaves the
    /// queue.
    ///
    /// # Errors
    /// Fails at once if there are never so many, and after the wait.
    pub(super) async fn admit(&self, needed: u64) -> Result<Admitted, ServiceError> {
        let bytes = needed.saturating_add(OWN_MEMORY);
        let mut units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        if needed == self.budget {
            // The request needs less, as far as anybody knows, and may take all that there is.
            units = units.min(self.total);
        }
        if units > self.total || units == 0 {
            return Err(busy(format!(
                "the request needs about {} MB, and all requests together may take {} MB (`memory_total_mb`)",
                bytes / MEGABYTE,
                u64::from(self.total) * UNIT / MEGABYTE
            )));
        }
        match timeout(self.wait, Arc::clone(&self.units).acquire_many_owned(units)).await {
            Ok(Ok(units)) => Ok(Admitted { units }),
            Ok(Err(_closed)) => Err(busy("the images process is ending".to_owned())),
            Err(_late) => Err(busy(format!(
                "the images process is busy: the memory for the request was not free within {} ms",
                self.wait.as_millis()
            ))),
        }
    }
}

fn busy(text: String) -> ServiceError {
    ServiceError::new(ErrorCode::Busy, text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use safelight_protocol::{ErrorCode, settings::MEGABYTE};

    use super::{Admission, OWN_MEMORY};

    const BUDGET: u64 = 5_000 * MEGABYTE;

    fn admission(megabytes: u64) -> Admission {
        let bytes = OWN_MEMORY + megabytes * MEGABYTE;
        Admission::new(bytes, BUDGET, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_given_in_turn_and_comes_back() {
        let admission = admission(100);
        let large = admission.admit(80 * MEGABYTE).await.unwrap();
        let error = admission.admit(30 * MEGABYTE).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy);
        assert_eq!(
            error.message,
            "the images process is busy: the memory for the request was not free within 10000 ms"
        );
        drop(large);
        assert!(admission.admit(99 * MEGABYTE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_admitted_memory_outlives_the_rest() {
        let admission = admission(100);
        let mut whole = admission.admit(99 * MEGABYTE).await.unwrap();
        let part = whole.split(50 * MEGABYTE).unwrap();
        assert!(whole.split(OWN_MEMORY + 51 * MEGABYTE).is_none());
        drop(whole);
        assert!(admission.admit(51 * MEGABYTE).await.is_err());
        assert!(admission.admit(48 * MEGABYTE).await.is_ok());
        drop(part);
        assert!(admission.admit(51 * MEGABYTE).await.is_ok());
    }

    #[tokio::test]
    async fn a_request_above_the_total_is_refused_at_once() {
        let error = admission(100).admit(101 * MEGABYTE).await.unwrap_err();
        assert_eq!(
            error.message,
            "the request needs about 293 MB, and all requests together may take 291 MB (`memory_total_mb`)"
        );
    }

    #[tokio::test]
    async fn a_request_whose_need_nobody_knows_takes_all_that_there_is() {
        let admission = admission(100);
        assert!(admission.admit(BUDGET).await.is_ok());
    }
}
