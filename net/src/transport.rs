//! What the transport did for each request: reads, writes, pending writes, flush and shutdown, with sizes and times.
//!
//! Off, this costs one branch per call of the system. On, an event is a few integers in memory that was taken with the
//! request: nothing is formatted or sent until somebody asks, and only of more than 32 events is there memory for 32 more.

mod events;
mod notes;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use http::{HeaderMap, Request, Response, header::CONNECTION};
use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER, Transport, TransportAct};

use self::notes::{Call, Notes, Then};

/// The transports of the last requests whose heads gave them a number.
#[derive(Debug)]
pub struct Transports {
    keep: usize,
    kept: Mutex<VecDeque<Arc<Tape>>>,
    connections: AtomicU64,
}

impl Transports {
    /// Keeps so many; with 0 there is nothing to record.
    #[must_use]
    pub fn new(keep: usize) -> Option<Arc<Self>> {
        (keep > 0).then(|| {
            Arc::new(Self {
                keep,
                kept: Mutex::default(),
                connections: AtomicU64::new(0),
            })
        })
    }

    /// The recorder of a connection that has just been accepted.
    #[must_use]
    pub fn connection(self: &Arc<Self>) -> Arc<Recorder> {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Recorder {
            all: Arc::clone(self),
            tape: Mutex::new(Tape::new(connection, 1)),
        })
    }

    /// What is kept of the calls of one request, oldest first.
    pub fn of(&self, request: u64) -> Vec<Transport> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let transports = kept.iter().filter_map(|tape| tape.notes(|n| n.transport()));
        transports
            .filter(|found| found.request == request)
            .collect()
    }

    fn keep(&self, tape: Arc<Tape>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.keep {
            kept.pop_front();
        }
        kept.push_back(tape);
    }
}

/// Notes what happens on one connection, on a tape for each of its requests.
///
/// A tape begins with the first byte read after the previous answer was written and flushed. A client that sends its
/// next request before that finds both on one tape.
#[derive(Debug)]
pub struct Recorder {
    all: Arc<Transports>,
    tape: Mutex<Arc<Tape>>,
}

/// One request's notes, shared by the connection that makes them and whoever asks for them.
#[derive(Debug)]
struct Tape(Mutex<Notes>);

impl Tape {
    fn new(connection: u64, request: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Notes::new(connection, request))))
    }

    fn notes<T>(&self, look: impl FnOnce(&mut Notes) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder {
    /// Bytes were read, or there are no more, or the system failed to read.
    pub(crate) fn read(&self, read: Result<usize, &io::Error>) {
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(read, Ok(1..))
            && let Some((connection, request)) = tape.notes(|notes| notes.successor())
        {
            *tape = Tape::new(connection, request);
        }
        tape.notes(|notes| match read {
            Ok(0) => notes.note(TransportAct::ReadEnd, 0),
            Ok(bytes) => notes.note(TransportAct::Read, bytes),
            Err(error) => notes.failed(error.kind()),
        });
    }

    /// A request's head is whole. From here on its tape is kept, if the head gave it a number.
    pub fn handled<B>(&self, request: &Request<B>) {
        let call = call_of(request.headers());
        let tape = Arc::clone(&self.tape.lock().unwrap_or_else(PoisonError::into_inner));
        let fresh = tape.notes(|notes| notes.handled(call));
        if fresh {
            self.all.keep(tape);
        }
    }

    /// The handler is done with the request, and the answer is about to be written.
    pub fn answered<B>(&self, answer: &Response<B>) {
        let then = match answer.headers().contains_key(CONNECTION) {
            true => Then::Nothing,
            false => Then::Next,
        };
        self.note(|notes| notes.answered(then));
    }

    /// A write was tried.
    pub(crate) fn wrote(&self, write: &Poll<io::Result<usize>>) {
        self.note(|notes| match write {
            Poll::Ready(Ok(bytes)) => notes.note(TransportAct::Write, *bytes),
            Poll::Ready(Err(error)) => notes.failed(error.kind()),
            Poll::Pending => notes.note(TransportAct::Pending, 0),
        });
    }

    /// A flush was tried; a socket never keeps one waiting.
    pub(crate) fn flushed(&self, flush: &Poll<io::Result<()>>) {
        self.done(TransportAct::Flush, flush);
    }

    /// A shutdown was tried; a socket never keeps one waiting.
    pub(crate) fn shut_down(&self, shutdown: &Poll<io::Result<()>>) {
        self.done(TransportAct::Shutdown, shutdown);
    }

    /// The connection is no more.
    pub(crate) fn closed(&self) {
        self.note(|notes| notes.note(TransportAct::Closed, 0));
    }

    fn done(&self, act: TransportAct, result: &Poll<io::Result<()>>) {
        self.note(|notes| match result {
            Poll::Ready(Ok(())) => notes.note(act, 0),
            Poll::Ready(Err(error)) => notes.failed(error.kind()),
            Poll::Pending => {}
        });
    }

    fn note(&self, note: impl FnOnce(&mut Notes)) {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.notes(note);
    }
}

/// The numbers that a head gives its request; without both there is nobody who could ask for it.
fn call_of(headers: &HeaderMap) -> Option<Call> {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Some(Call {
        request: number(REQUEST_HEADER)?,
        call: number(CALL_HEADER)?,
    })
}
