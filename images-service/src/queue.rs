//! The queue of requests for the workers: permits to work, and a bounded number of waiting requests.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use safelight_protocol::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ServiceError;

/// A fixed number of workers, and a bounded queue in front of them.
#[derive(Debug)]
pub(crate) struct Queue {
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// The right to keep one worker busy, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl Queue {
    /// Creates a queue with the number of workers, and the number of requests that may wait.
    #[must_use]
    pub(crate) fn new(workers: usize, max_waiting: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            max_waiting,
        }
    }

    /// Returns a permit if a worker is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.workers).try_acquire_owned().ok()?;
        Some(Permit { _permit: permit })
    }

    /// Waits for a worker, first come, first served. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// Fails at once when the queue is full.
    pub(crate) async fn acquire(&self) -> Result<Permit, ServiceError> {
        if let Some(permit) = self.try_acquire() {
            return Ok(permit);
        }
        let _place = self.join_queue()?;
        match Arc::clone(&self.workers).acquire_owned().await {
            Ok(permit) => Ok(Permit { _permit: permit }),
            Err(_closed) => Err(ServiceError::new(
                ErrorCode::Busy,
                "the images process is ending",
            )),
        }
    }

    fn join_queue(&self) -> Result<QueueSlot<'_>, ServiceError> {
        self.waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
                (waiting < self.max_waiting).then_some(waiting + 1)
            })
            .map_err(|waiting| {
                let busy = format!("the images process is busy: {waiting} requests are waiting");
                ServiceError::new(ErrorCode::Busy, busy)
            })?;
        Ok(QueueSlot(&self.waiting))
    }
}

/// A place in the queue.
struct QueueSlot<'a>(&'a AtomicUsize);

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use safelight_protocol::ErrorCode;

    use super::Queue;

    /// Polls once. Returns whether the request has its permit already.
    async fn is_ready<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn the_line_is_bounded_and_refuses_at_once() {
        let queue = Queue::new(1, 1);
        let working = queue.acquire().await.unwrap();
        let mut waiting = pin!(queue.acquire());
        assert!(is_ready(waiting.as_mut()).await.is_none());

        let refused = queue.acquire().await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Busy);

        drop(working);
        assert!(is_ready(waiting).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_line() {
        let queue = Queue::new(1, 1);
        let _working = queue.acquire().await.unwrap();
        {
            let mut gone = pin!(queue.acquire());
            assert!(is_ready(gone.as_mut()).await.is_none());
        }
        assert!(
            is_ready(pin!(queue.acquire())).await.is_none(),
            "its place is free"
        );
    }

    #[tokio::test]
    async fn without_places_only_workers_are_given_out() {
        let queue = Queue::new(1, 0);
        let working = queue.acquire().await.unwrap();
        assert!(queue.acquire().await.is_err());
        drop(working);
        assert!(queue.acquire().await.is_ok());
    }
}
