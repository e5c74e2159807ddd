//! A body that the guest makes chunk by chunk.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{Body, MAX_CHUNK};
use crate::{BodyError, Error, Result};

type Running = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Takes the chunks of a [stream](Body::stream).
///
/// The receiver sets the pace: a write waits until the chunk before it has been taken.
pub struct BodyWriter {
    slot: Rc<RefCell<Slot>>,
}

/// The slot through which a chunk passes from the writer to the reader.
#[derive(Default)]
struct Slot {
    /// The chunk that waits for the reader.
    chunk: Option<Vec<u8>>,
    /// Memory that the reader has finished with.
    spare: Vec<u8>,
    /// The writer that waits for the chunk to be taken. The reader polls the writer's function anyway, but not the parts
    /// of it that run inside of combinators with wakers of their own.
    waiting: Option<Waker>,
}

impl BodyWriter {
    /// Sends one chunk; an empty one sends nothing.
    pub async fn write(&mut self, chunk: impl AsRef<[u8]>) {
        for chunk in chunk.as_ref().chunks(MAX_CHUNK) {
            let mut memory = self.vacant().await;
            memory.extend_from_slice(chunk);
            self.put(memory);
        }
    }

    /// Sends a whole body in steps of at most 256 KiB, which all use the same memory.
    ///
    /// # Errors
    /// Fails when `body` breaks. The caller returns this error, so that the stream breaks as well.
    pub async fn copy(&mut self, body: impl Into<Body>) -> Result<()> {
        let mut body = body.into();
        loop {
            let memory = self.vacant().await;
            let chunk = body.fill(memory).await?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.put(chunk);
        }
    }

    /// Waits until the last chunk has been taken.
    async fn vacant(&self) -> Vec<u8> {
        poll_fn(|context| {
            let mut slot = self.slot.borrow_mut();
            if slot.chunk.is_some() {
                slot.waiting = Some(context.waker().clone());
                return Poll::Pending;
            }
            let mut memory = std::mem::take(&mut slot.spare);
            memory.clear();
            Poll::Ready(memory)
        })
        .await
    }

    fn put(&self, chunk: Vec<u8>) {
        self.slot.borrow_mut().chunk = Some(chunk);
    }
}

/// The reading side of a stream: runs the author's function as far as the next chunk.
pub(super) struct Producer {
    slot: Rc<RefCell<Slot>>,
    state: State,
}

enum State {
    Running(Running),
    Ended,
    /// The function failed, and the error has not been returned yet: a chunk may wait before it.
    Failing(Error),
    Failed,
}

impl Producer {
    pub(super) fn new(write: impl AsyncFnOnce(&mut BodyWriter) -> Result<()> + 'static) -> Self {
        let slot = Rc::default();
        let mut writer = BodyWriter {
            slot: Rc::clone(&slot),
        };
        let running = async move { write(&mut writer).await };
        Self {
            slot,
            state: State::Running(Box::pin(running)),
        }
    }

    /// Returns the next chunk, or an empty one at the end. `spare` is memory for it.
    pub(super) async fn fill(&mut self, spare: Vec<u8>) -> Result<Vec<u8>> {
        self.slot.borrow_mut().spare = spare;
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        if let State::Running(running) = &mut self.state
            && let Poll::Ready(outcome) = running.as_mut().poll(context)
        {
            self.state = match outcome {
                Ok(()) => State::Ended,
                Err(error) => State::Failing(error),
            };
        }
        let mut slot = self.slot.borrow_mut();
        if let Some(chunk) = slot.chunk.take() {
            if let Some(waiting) = slot.waiting.take() {
                waiting.wake();
            }
            return Poll::Ready(Ok(chunk));
        }
        drop(slot);
        match std::mem::replace(&mut self.state, State::Failed) {
            running @ State::Running(_) => {
                self.state = running;
                Poll::Pending
            }
            State::Ended => {
                self.state = State::Ended;
                Poll::Ready(Ok(Vec::new()))
            }
            State::Failing(error) => Poll::Ready(Err(error)),
            State::Failed => Poll::Ready(Err(BodyError::Lost.into())),
        }
    }
}
