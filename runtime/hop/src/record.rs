//! What is known of one request while it lives: who it is, what its guest printed, what is logged of it.

mod call;
mod chain;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use http::{Method, StatusCode, Uri};
use tokio::sync::watch;

pub use call::BindingCall;
pub use chain::CallRefused;
use chain::Chain;

use crate::faults::FaultSet;
use crate::log::{Bytes, Log, Time};
use crate::trace::RequestTrace;

/// Longest line of guest output that is kept whole; a longer one is broken.
const LINE_BYTES: usize = 8 * 1024;
/// Lines of guest output that an error page repeats.
const KEPT_LINES: usize = 10;

/// One request of a client, from its arrival to the last byte of its answer.
#[derive(Debug)]
pub struct RequestRecord {
    id: u64,
    method: Method,
    target: String,
    started: Instant,
    log: Log,
    trace: Option<Arc<RequestTrace>>,
    output: Mutex<Output>,
    faults: Arc<OnceLock<FaultSet>>,
    finished: watch::Sender<()>,
    chain: Chain,
    broken_upload: Arc<OnceLock<String>>,
    broken_answer: Arc<OnceLock<String>>,
}

/// Which of the guest's two streams a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Output arrives in pieces; a line is shown when it is whole.
#[derive(Debug, Default)]
struct Output {
    out: Vec<u8>,
    err: Vec<u8>,
    last: VecDeque<String>,
}

/// How a response ended, for its line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every byte was handed to the connection.
    Whole,
    /// The body ended in an error; the client sees a broken transfer.
    Broken,
    /// The client left before the end.
    ClientGone,
}

impl RequestRecord {
    /// A record for a request that has just arrived.
    pub fn new(id: u64, method: Method, uri: &Uri, log: Log) -> Arc<Self> {
        Self::traced(id, method, uri, log, None)
    }

    /// The same, with a trace that is to be filled in on the way.
    pub fn traced(
        id: u64,
        method: Method,
        uri: &Uri,
        log: Log,
        trace: Option<Arc<RequestTrace>>,
    ) -> Arc<Self> {
        let target = uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        Arc::new(Self {
            id,
            method,
            target,
            started: Instant::now(),
            log,
            trace,
            output: Mutex::default(),
            faults: Arc::default(),
            finished: watch::Sender::new(()),
            chain: Chain::default(),
            broken_upload: Arc::default(),
            broken_answer: Arc::default(),
        })
    }

    /// A record for the call of another worker on behalf of this request: same number, faults and trace, output of its own.
    ///
    /// # Errors
    /// When the chain of workers, or their number, is at its limit.
    pub fn calling(
        &self,
        worker: &Arc<str>,
        method: Method,
        uri: &Uri,
    ) -> Result<Arc<Self>, CallRefused> {
        let chain = self.chain.to(worker)?;
        Ok(Arc::new(Self {
            id: self.id,
            method,
            target: uri.to_string(),
            started: Instant::now(),
            log: self.log.clone(),
            trace: self.trace.clone(),
            output: Mutex::default(),
            faults: self.faults.clone(),
            finished: self.finished.clone(),
            chain,
            broken_upload: self.broken_upload.clone(),
            broken_answer: self.broken_answer.clone(),
        }))
    }

    /// Stands for everything that a guest does outside of any request.
    pub fn of_nobody(log: Log) -> Arc<Self> {
        Self::new(0, Method::GET, &Uri::from_static("/"), log)
    }

    /// The request's number, unique while the program runs.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The worker that was called; none for the one that the client asked.
    pub fn worker(&self) -> Option<&str> {
        self.chain.worker.as_deref()
    }

    /// Has faults happen to the calls of this request alone. Those that were given first stay.
    pub fn suffer(&self, faults: FaultSet) {
        let _ = self.faults.set(faults);
    }

    /// What happens on purpose to this request's calls.
    pub fn faults(&self) -> Option<&FaultSet> {
        self.faults.get()
    }

    /// The client's upload did not come to its end, and who broke it off how.
    pub fn upload_broke(&self, why: &str) {
        let _ = self.broken_upload.set(why.to_owned());
    }

    /// Why the client's upload did not come to its end, if it did not.
    pub fn broken_upload(&self) -> Option<&str> {
        self.broken_upload.get().map(String::as_str)
    }

    /// The answer of a call did not come to its end, which the line of the call tells.
    pub fn answer_broke(&self, why: &str) {
        // Every text contains one without words, and would be taken for it.
        if !why.is_empty() {
            let _ = self.broken_answer.set(why.to_owned());
        }
    }

    /// Why the answer of a call did not come to its end, if one did not.
    pub fn broken_answer(&self) -> Option<&str> {
        self.broken_answer.get().map(String::as_str)
    }

    /// Whether an error is that of a call, passed on.
    pub fn is_of_a_call(&self, error: &str) -> bool {
        self.broken_answer().is_some_and(|why| error.contains(why))
    }

    /// What happened on the request's hops, if that is kept.
    pub fn trace(&self) -> Option<&Arc<RequestTrace>> {
        self.trace.as_ref()
    }

    /// Logs the request's own line, once its response has ended.
    pub fn finish(&self, status: StatusCode, bytes: u64, ending: Ending) {
        self.flush_output();
        self.finished.send_replace(());
        let note = match ending {
            Ending::Whole => "",
            Ending::Broken => " BROKEN: the transfer was cut off on purpose, see above",
            Ending::ClientGone => " (the client left before the end)",
        };
        self.log.line(format_args!(
            "{self} {} {} in {}{note}",
            status.as_u16(),
            Bytes(bytes),
            Time(self.started.elapsed()),
        ));
    }

    /// Changes when the response ends, by whatever end; never for a request that has ended before.
    pub fn ending(&self) -> watch::Receiver<()> {
        self.finished.subscribe()
    }

    /// Logs something that happened on behalf of this request.
    pub fn note(&self, what: impl fmt::Display) {
        match &self.chain.worker {
            None => self.log.line(format_args!("  [{}] {what}", self.id)),
            Some(worker) => self
                .log
                .line(format_args!("  [{}] {worker}: {what}", self.id)),
        }
    }

    /// Takes a piece of guest output and logs the lines that it completes.
    pub fn write_output(&self, stream: Stream, mut bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let buffer = output.buffer(stream);
            let room = LINE_BYTES - buffer.len();
            let newline = bytes.iter().position(|&byte| byte == b'\n');
            let take = newline.map_or(bytes.len(), |at| at + 1).min(room);
            let (piece, rest) = bytes.split_at(take);
            bytes = rest;
            buffer.extend_from_slice(piece);
            if buffer.ends_with(b"\n") || buffer.len() == LINE_BYTES {
                let line = std::mem::take(buffer);
                self.output_line(&mut output, stream, &line);
            }
        }
    }

    /// The last lines that the guest printed, oldest first.
    pub fn last_output(&self) -> Vec<String> {
        self.flush_output();
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.last.iter().cloned().collect()
    }

    fn flush_output(&self) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Out, Stream::Err] {
            let rest = std::mem::take(output.buffer(stream));
            if !rest.is_empty() {
                self.output_line(&mut output, stream, &rest);
            }
        }
    }

    fn output_line(&self, output: &mut Output, stream: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\n', '\r']);
        let name = match stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        };
        self.note(format_args!("{name} | {line}"));
        if output.last.len() == KEPT_LINES {
            output.last.pop_front();
        }
        output.last.push_back(line.to_owned());
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        // What was printed after the response, without the end of a line.
        self.flush_output();
    }
}

/// Shows a request as its number, method and target.
impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {} {}", self.id, self.method, self.target)
    }
}

impl Output {
    fn buffer(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{Method, Uri};

    use super::{LINE_BYTES, Log, RequestRecord, Stream};
    use crate::log::Memory;

    fn record() -> (Arc<RequestRecord>, Memory) {
        let sink = Memory::default();
        let uri = Uri::from_static("http://host/path?query");
        (
            RequestRecord::new(7, Method::GET, &uri, Log::new(sink.clone())),
            sink,
        )
    }

    #[test]
    fn guest_output_is_shown_by_whole_lines() {
        let (record, sink) = record();
        for piece in ["half ", "7", " ", "line\nnext"] {
            record.write_output(Stream::Err, piece.as_bytes());
        }
        assert_eq!(sink.text(), "  [7] stderr | half 7 line\n");
        assert_eq!(record.last_output(), ["half 7 line", "next"]);
    }

    #[test]
    fn a_line_without_end_is_broken_and_not_kept_in_memory() {
        let (record, sink) = record();
        record.write_output(Stream::Out, &vec![b'x'; LINE_BYTES * 2 + 1]);
        assert_eq!(sink.text().lines().count(), 2);
    }

    #[test]
    fn what_a_called_worker_prints_has_its_name() {
        let (record, sink) = record();
        let uri = Uri::from_static("http://inner/");
        let called = record.calling(&"auth".into(), Method::GET, &uri).unwrap();
        called.write_output(Stream::Out, b"checked\n");
        assert_eq!(sink.text(), "  [7] auth: stdout | checked\n");
        assert!(record.last_output().is_empty());
    }

    #[test]
    fn an_error_without_words_is_not_that_of_every_call() {
        let (record, _) = record();
        record.answer_broke("");
        assert!(!record.is_of_a_call("the worker died"));
        record.answer_broke("it was cut short");
        assert!(record.is_of_a_call("broke off: it was cut short"));
    }

    #[test]
    fn a_request_is_named_by_number_method_and_target() {
        assert_eq!(record().0.to_string(), "[7] GET /path?query");
    }
}
