//! Reads from a failed store how its instance died, and logs it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use wasmtime::{AsContextMut as _, Store};

use super::{State, note_current};
use crate::death::{Cause, Death};
use crate::shared::Shared;

impl Death {
    /// Reads from a store that failed what it failed of.
    pub(super) fn read(store: &mut Store<State>, error: &wasmtime::Error) -> Self {
        // In both cases the request that the guest has worked for last is as innocent as any other.
        if store
            .data()
            .shared
            .background_work
            .is_too_long
            .load(Ordering::Relaxed)
        {
            return Self::of_background(Cause::BackgroundWork);
        }
        let is_dropped = store.data().shared.is_task_dropped.load(Ordering::Relaxed);
        // A panic drops the task as well.
        if is_dropped && !std::thread::panicking() {
            return Self::of_background(Cause::Stopped);
        }
        note_current(&mut store.as_context_mut());
        let state = store.data_mut();
        let limit = state.cpu_limit;
        let task = state.current.and_then(|id| state.task(id));
        let over = task.as_ref().is_some_and(|task| task.cpu > limit);
        let culprit = task.map(|task| task.request.context().clone());
        let cause = match state.memory.refused() {
            Some(requested) => Cause::Memory {
                requested,
                limit: state.memory.limit(),
            },
            None if over => Cause::Cpu(limit),
            None => Cause::Trap(format!("{:#}", error.root_cause())),
        };
        Self { culprit, cause }
    }

    fn of_background(cause: Cause) -> Self {
        Self {
            culprit: None,
            cause,
        }
    }

    /// Logs the death, with the requests that are to blame.
    pub(super) fn report(&self, shared: &Shared) {
        match (&self.cause, &self.culprit) {
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory { .. }, Some(culprit)) => {
                culprit.note(format_args!("the worker {}", self.cause));
            }
            (Cause::Trap(_) | Cause::Cpu(_) | Cause::Memory { .. }, None) => {
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
                // What is done after an answer cannot be told apart by request.
                if requests.is_empty() {
                    shared
                        .background
                        .context()
                        .note(format_args!("the worker {}", self.cause));
                }
            }
            // Requests that still wait get an answer; background work ends with the program.
            (Cause::Stopped, _) => {}
        }
    }
}
