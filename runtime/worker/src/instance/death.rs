//! How an instance died, read from its store before that is gone.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use wasmtime::{AsContextMut as _, Store};

use super::{Shared, State, note_current};
use crate::record::RequestRecord;

/// What the engine says of a store whose worker task is gone: it has panicked, or it was dropped.
const TASK_IS_GONE: &str = "worker panicked";

/// How an instance died, and of which request.
#[derive(Debug)]
pub struct Death {
    /// The request that the guest was working for, if it was the guest's doing.
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
    /// Its work went on when nobody had waited for it for a while.
    LeftOver,
    /// The program ends.
    Stopped,
}

impl Death {
    /// Reads from a store that failed what it failed of.
    pub(super) fn read(store: &mut Store<State>, error: &wasmtime::Error) -> Self {
        // In both cases the request that the guest has worked for last is as innocent as any other.
        if store
            .data()
            .shared
            .left_over
            .is_too_long
            .load(Ordering::Relaxed)
        {
            return Self::nobodys(Cause::LeftOver);
        }
        if error.to_string() == TASK_IS_GONE && !std::thread::panicking() {
            return Self::nobodys(Cause::Stopped);
        }
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

    fn nobodys(cause: Cause) -> Self {
        Self {
            culprit: None,
            cause,
        }
    }

    /// Logs it, with the requests that are to blame.
    pub(super) fn tell(&self, shared: &Shared) {
        match (&self.cause, &self.culprit) {
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory { .. }, Some(culprit)) => {
                culprit.note(format_args!("the worker {}", self.cause));
            }
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory { .. }, None) => {
                shared
                    .nobody
                    .note(format_args!("the worker {}", self.cause));
            }
            (Cause::LeftOver, _) => {
                let requests = &shared.left_over.requests;
                let requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
                for request in requests.iter() {
                    request.note(format_args!(
                        "the worker had no answer long after the client had left, and {}",
                        self.cause
                    ));
                }
                // What is done after an answer cannot be told apart by request.
                if requests.is_empty() {
                    shared
                        .nobody
                        .note(format_args!("the worker {}", self.cause));
                }
            }
            // Whoever still waits is told; what went on for nobody is of no interest.
            (Cause::Stopped, _) => {}
        }
    }
}
