//! The transport of each request: reads, writes, pending writes, flushes and the shutdown, with sizes and times.
//!
//! Without records a call of the system costs one branch more. With them an event is a few integers in memory that was
//! allocated with the request. Nothing is formatted or sent before a client asks, and only the 33rd event allocates
//! again.

mod events;
mod record;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use http::{HeaderMap, Request, Response, header::CONNECTION};
use safelight_protocol::trace::{CALL_HEADER, REQUEST_HEADER, Transport, TransportAct};

use self::record::{CallId, NextRead, TransportRecord};

/// The records of the last requests whose heads gave them a number.
#[derive(Debug)]
pub struct TransportLog {
    max_records: usize,
    records: Mutex<VecDeque<SharedRecord>>,
    connections: AtomicU64,
}

/// The record of one request, shared by its connection and the log.
type SharedRecord = Arc<Mutex<TransportRecord>>;

impl TransportLog {
    /// A log of so many records; `None` for 0, with which there is nothing to record.
    #[must_use]
    pub fn new(max_records: usize) -> Option<Arc<Self>> {
        (max_records > 0).then(|| {
            Arc::new(Self {
                max_records,
                records: Mutex::default(),
                connections: AtomicU64::new(0),
            })
        })
    }

    /// The recorder of a connection that has just been accepted.
    #[must_use]
    pub fn new_recorder(self: &Arc<Self>) -> Arc<Recorder> {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Recorder {
            log: Arc::clone(self),
            current: Mutex::new(new_record(connection, 1)),
        })
    }

    /// The records of the calls of one request, oldest first.
    pub fn for_request(&self, request: u64) -> Vec<Transport> {
        let records = lock(&self.records);
        let transports = records
            .iter()
            .filter_map(|record| lock(record).to_transport());
        transports
            .filter(|transport| transport.request == request)
            .collect()
    }

    fn push(&self, record: SharedRecord) {
        let mut records = lock(&self.records);
        if records.len() == self.max_records {
            records.pop_front();
        }
        records.push_back(record);
    }
}

/// Records the reads and writes of one connection, in a record for each of its requests.
///
/// A record begins with the first byte that is read after the previous response was written and flushed. A client that
/// sends its next request before that finds both in one record.
#[derive(Debug)]
pub struct Recorder {
    log: Arc<TransportLog>,
    current: Mutex<SharedRecord>,
}

impl Recorder {
    /// Records a read of bytes, of the end, or an error of the system.
    pub(crate) fn record_read(&self, read: Result<usize, &io::Error>) {
        let mut current = lock(&self.current);
        if matches!(read, Ok(1..)) {
            let next = lock(&current).next_request();
            if let Some((connection, request)) = next {
                *current = new_record(connection, request);
            }
        }
        let mut record = lock(&current);
        match read {
            Ok(0) => record.push(TransportAct::ReadEnd, 0),
            Ok(bytes) => record.push(TransportAct::Read, bytes),
            Err(error) => record.push_error(error.kind()),
        }
    }

    /// Records the head of a request. From here on the log keeps the record, if the head gives the request a number.
    pub fn record_request<B>(&self, request: &Request<B>) {
        let call = call_id(request.headers());
        let current = Arc::clone(&lock(&self.current));
        let is_new = lock(&current).push_request(call);
        if is_new {
            self.log.push(current);
        }
    }

    /// Records that the handler has returned the response, which is about to be written.
    pub fn record_response<B>(&self, response: &Response<B>) {
        let next = match response.headers().contains_key(CONNECTION) {
            true => NextRead::SameRequest,
            false => NextRead::NextRequest,
        };
        self.with_current(|record| record.push_response(next));
    }

    /// Records the outcome of a write.
    pub(crate) fn record_write(&self, write: &Poll<io::Result<usize>>) {
        self.with_current(|record| match write {
            Poll::Ready(Ok(bytes)) => record.push(TransportAct::Write, *bytes),
            Poll::Ready(Err(error)) => record.push_error(error.kind()),
            Poll::Pending => record.push(TransportAct::Pending, 0),
        });
    }

    /// Records the outcome of a flush. A socket's is never pending.
    pub(crate) fn record_flush(&self, flush: &Poll<io::Result<()>>) {
        self.record_outcome(TransportAct::Flush, flush);
    }

    /// Records the outcome of a shutdown. A socket's is never pending.
    pub(crate) fn record_shutdown(&self, shutdown: &Poll<io::Result<()>>) {
        self.record_outcome(TransportAct::Shutdown, shutdown);
    }

    /// Records that the connection was dropped.
    pub(crate) fn record_close(&self) {
        self.with_current(|record| record.push(TransportAct::Closed, 0));
    }

    fn record_outcome(&self, act: TransportAct, outcome: &Poll<io::Result<()>>) {
        self.with_current(|record| match outcome {
            Poll::Ready(Ok(())) => record.push(act, 0),
            Poll::Ready(Err(error)) => record.push_error(error.kind()),
            Poll::Pending => {}
        });
    }

    fn with_current(&self, change: impl FnOnce(&mut TransportRecord)) {
        let current = lock(&self.current);
        change(&mut lock(&current));
    }
}

fn new_record(connection: u64, request_on_connection: u64) -> SharedRecord {
    let record = TransportRecord::new(connection, request_on_connection);
    Arc::new(Mutex::new(record))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers that a head gives its request. A record without both could not be looked up.
fn call_id(headers: &HeaderMap) -> Option<CallId> {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Some(CallId {
        request: number(REQUEST_HEADER)?,
        call: number(CALL_HEADER)?,
    })
}
