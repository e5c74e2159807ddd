//! The chain of workers that call each other on behalf of one request, and its limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::SubrequestLimitError;

/// Most workers that wait for each other on behalf of one request.
const MAX_DEPTH: u32 = 16;
/// Most workers that one request calls, the first one included: the platform's own limit.
const MAX_WORKERS: u32 = 32;

/// The position in a request's chain of workers.
#[derive(Debug)]
pub(super) struct Chain {
    /// The called worker; `None` for the worker of the client's own request.
    pub(super) worker: Option<Arc<str>>,
    /// Workers from the first to this one.
    depth: u32,
    /// Workers that were called on behalf of the request, shared by its whole tree.
    calls: Arc<AtomicU32>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            worker: None,
            depth: 1,
            calls: Arc::new(AtomicU32::new(1)),
        }
    }
}

impl Chain {
    /// Adds a called worker to the chain.
    ///
    /// # Errors
    /// Fails when the chain, or the number of the request's workers, is at its limit.
    pub(super) fn call(&self, worker: &Arc<str>) -> Result<Self, SubrequestLimitError> {
        if self.depth >= MAX_DEPTH {
            return Err(SubrequestLimitError::Depth(MAX_DEPTH));
        }
        if self.calls.fetch_add(1, Ordering::Relaxed) >= MAX_WORKERS {
            // The worker is not called, so the number must not grow.
            self.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(SubrequestLimitError::Workers(MAX_WORKERS));
        }
        Ok(Self {
            worker: Some(worker.clone()),
            depth: self.depth + 1,
            calls: self.calls.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, MAX_DEPTH, MAX_WORKERS};
    use crate::error::SubrequestLimitError;

    #[test]
    fn a_chain_of_workers_ends_at_its_limit() {
        let mut chain = Chain::default();
        for _ in 1..MAX_DEPTH {
            chain = chain.call(&"inner".into()).unwrap();
        }
        let refused = chain.call(&"inner".into());
        assert_eq!(refused.unwrap_err(), SubrequestLimitError::Depth(MAX_DEPTH));
    }

    #[test]
    fn a_request_calls_no_more_workers_than_its_limit() {
        let chain = Chain::default();
        for _ in 1..MAX_WORKERS {
            chain.call(&"inner".into()).unwrap();
        }
        for _ in 0..3 {
            let refused = chain.call(&"inner".into());
            assert_eq!(
                refused.unwrap_err(),
                SubrequestLimitError::Workers(MAX_WORKERS)
            );
        }
    }
}
