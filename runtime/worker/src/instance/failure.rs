//! Determines the cause of an instance's death from its store, and logs it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use wasmtime::{AsContextMut as _, Store};

use super::{State, update_current};
use crate::death::{Cause, Death};
use crate::shared::Shared;

impl Death {
    /// Determines the cause from a store that has failed.
    pub(super) fn read(store: &mut Store<State>, error: &wasmtime::Error) -> Self {
        // In both cases the current request is not the cause.
        if store
            .data()
            .shared
            .background_work
            .is_too_long
            .load(Ordering::Relaxed)
        {
            return Self::without_culprit(Cause::BackgroundWork);
        }
        let is_dropped = store.data().shared.is_task_dropped.load(Ordering::Relaxed);
        // A panic drops the task as well.
        if is_dropped && !std::thread::panicking() {
            return Self::without_culprit(Cause::Stopped);
        }
        update_current(&mut store.as_context_mut());
        let state = store.data_mut();
        let limit = state.cpu_limit;
        let task = state.current.and_then(|id| state.tasks.get_mut(id));
        let over = task.as_ref().is_some_and(|task| task.cpu > limit);
        let culprit = task.map(|task| task.request.context().clone());
        let cause = match state.memory.refused() {
            Some(refused) => Cause::Memory(refused),
            None if over => Cause::Cpu(limit),
            None => Cause::Trap(format!("{:#}", error.root_cause())),
        };
        Self { culprit, cause }
    }

    fn without_culprit(cause: Cause) -> Self {
        Self {
            culprit: None,
            cause,
        }
    }

    /// Logs the death, for the requests that caused it.
    pub(super) fn report(&self, shared: &Shared) {
        match (&self.cause, &self.culprit) {
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory(_), Some(culprit)) => {
                culprit.note(format_args!("the worker {}", self.cause));
            }
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory(_), None) => {
                shared
                    .background
                    .context()
                    .note(format_args!("the worker {}", self.cause));
            }
            (Cause::BackgroundWork, _) => {
                let requests = &shared.background_work.requests;
                let requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
                for request in requests.iter() {
                    request.note(format_args!(
                        "the worker had no answer long after the client had left, and {}",
                        self.cause
                    ));
                }
                // Work after a response cannot be assigned to a request.
                if requests.is_empty() {
                    shared
                        .background
                        .context()
                        .note(format_args!("the worker {}", self.cause));
                }
            }
            // Waiting requests get a response of their own, and background work ends with the program.
            (Cause::Stopped, _) => {}
        }
    }
}
