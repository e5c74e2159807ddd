//! How an instance died, read from its store before that is gone.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{AsContextMut as _, Store};

use super::{State, note_current};
use crate::record::RequestRecord;

/// How an instance died, and of which request.
#[derive(Debug)]
pub struct Death {
    /// The request that the guest was working for.
    pub culprit: Option<Arc<RequestRecord>>,
    /// What ended it.
    pub cause: Cause,
}

/// What ends an instance.
#[derive(Debug)]
pub enum Cause {
    /// A panic or another trap, with the engine's words.
    Trap(String),
    /// A request used more CPU time than it may.
    Cpu(Duration),
    /// The instance asked for more memory than it may have, in bytes.
    Memory {
        /// What it would have had.
        wanted: usize,
        /// What it may have.
        limit: usize,
    },
}

impl Death {
    /// Reads from a store that failed what it failed of.
    pub(super) fn read(store: &mut Store<State>, error: &wasmtime::Error) -> Self {
        note_current(&mut store.as_context_mut());
        let state = store.data_mut();
        let limit = state.cpu_limit;
        let task = state.current.and_then(|id| state.task(id));
        let over = task.as_ref().is_some_and(|task| task.cpu > limit);
        let culprit = task.map(|task| task.record.clone());
        let cause = match state.memory.refused() {
            Some(wanted) => Cause::Memory {
                wanted,
                limit: state.memory.limit(),
            },
            None if over => Cause::Cpu(limit),
            None => Cause::Trap(format!("{:#}", error.root_cause())),
        };
        Self { culprit, cause }
    }
}
