//! The chain of workers that call each other on behalf of one request, and how long it may be.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Workers that may wait for each other on behalf of one request.
const DEPTH: u32 = 16;
/// Workers that one request may ask altogether, the first one included; the platform's own number.
const WORKERS: u32 = 32;

/// Where in a request's chain of workers a record stands.
#[derive(Debug)]
pub(super) struct Chain {
    /// The worker that was called; none for the one that the client asked.
    pub(super) worker: Option<Arc<str>>,
    /// Workers from the first to this one.
    depth: u32,
    /// Workers that were asked on behalf of the request, shared by its whole tree.
    asked: Arc<AtomicU32>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            worker: None,
            depth: 1,
            asked: Arc::new(AtomicU32::new(1)),
        }
    }
}

impl Chain {
    /// One link more, unless there are too many.
    pub(super) fn to(&self, worker: &Arc<str>) -> Result<Self, CallRefused> {
        if self.depth >= DEPTH {
            return Err(CallRefused::Depth(DEPTH));
        }
        if self.asked.fetch_add(1, Ordering::Relaxed) >= WORKERS {
            // It was not asked, so that the number cannot grow without end.
            self.asked.fetch_sub(1, Ordering::Relaxed);
            return Err(CallRefused::Workers(WORKERS));
        }
        Ok(Self {
            worker: Some(worker.clone()),
            depth: self.depth + 1,
            asked: self.asked.clone(),
        })
    }
}

/// Why a worker may not call another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallRefused {
    /// The chain of workers that wait for each other would be longer than this.
    Depth(u32),
    /// The request would have asked more workers than this.
    Workers(u32),
}

impl fmt::Display for CallRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(most) => write!(
                f,
                "subrequest depth limit exceeded: {most} workers already wait for each other"
            ),
            Self::Workers(most) => write!(
                f,
                "worker limit exceeded: {most} workers have already been asked for this request"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallRefused, Chain, DEPTH, WORKERS};

    #[test]
    fn a_chain_of_workers_ends_at_its_limit() {
        let mut chain = Chain::default();
        for _ in 1..DEPTH {
            chain = chain.to(&"inner".into()).unwrap();
        }
        let refused = chain.to(&"inner".into());
        assert_eq!(refused.unwrap_err(), CallRefused::Depth(DEPTH));
    }

    #[test]
    fn a_request_asks_so_many_workers_and_no_more() {
        let chain = Chain::default();
        for _ in 1..WORKERS {
            chain.to(&"inner".into()).unwrap();
        }
        for _ in 0..3 {
            let refused = chain.to(&"inner".into());
            assert_eq!(refused.unwrap_err(), CallRefused::Workers(WORKERS));
        }
    }
}
