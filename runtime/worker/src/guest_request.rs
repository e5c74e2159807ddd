//! A request in an instance: its context, and the guest's output for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use safelight_hop::RequestContext;

/// Maximum length of a line of guest output. A longer one is split.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// Maximum number of lines of guest output that an error page repeats.
const MAX_OUTPUT_LINES: usize = 10;

/// A request in an instance.
#[derive(Debug)]
pub(crate) struct GuestRequest {
    context: Arc<RequestContext>,
    output: Mutex<Output>,
}

/// One of the guest's two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The guest's output. It arrives in pieces, and a line is logged when it is complete.
#[derive(Debug, Default)]
struct Output {
    out: Vec<u8>,
    err: Vec<u8>,
    last: VecDeque<String>,
}

impl GuestRequest {
    /// A request without output.
    pub(crate) fn new(context: Arc<RequestContext>) -> Arc<Self> {
        Arc::new(Self {
            context,
            output: Mutex::default(),
        })
    }

    /// The request's context.
    pub(crate) fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// Adds a piece of guest output and logs the lines that it completes.
    pub(crate) fn write_output(&self, stream: Stream, mut bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let buffer = output.buffer(stream);
            let room = MAX_LINE_BYTES - buffer.len();
            let newline = bytes.iter().position(|&byte| byte == b'\n');
            let take = newline.map_or(bytes.len(), |at| at + 1).min(room);
            let (piece, rest) = bytes.split_at(take);
            bytes = rest;
            buffer.extend_from_slice(piece);
            if buffer.ends_with(b"\n") || buffer.len() == MAX_LINE_BYTES {
                let line = std::mem::take(buffer);
                self.log_line(&mut output, stream, &line);
            }
        }
    }

    /// The last lines that the guest printed, oldest first.
    pub(crate) fn last_output(&self) -> Vec<String> {
        self.flush_output();
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.last.iter().cloned().collect()
    }

    /// Logs output without the end of a line.
    pub(crate) fn flush_output(&self) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Out, Stream::Err] {
            let rest = std::mem::take(output.buffer(stream));
            if !rest.is_empty() {
                self.log_line(&mut output, stream, &rest);
            }
        }
    }

    fn log_line(&self, output: &mut Output, stream: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\n', '\r']);
        let name = match stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        };
        self.context.note(format_args!("{name} | {line}"));
        if output.last.len() == MAX_OUTPUT_LINES {
            output.last.pop_front();
        }
        output.last.push_back(line.to_owned());
    }
}

impl Drop for GuestRequest {
    fn drop(&mut self) {
        // A guest may print after its response.
        self.flush_output();
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
    use safelight_hop::RequestContext;
    use safelight_hop::log::{Log, MemoryLog};

    use super::{GuestRequest, MAX_LINE_BYTES, Stream};

    fn request() -> (Arc<GuestRequest>, MemoryLog) {
        let log = MemoryLog::default();
        let uri = Uri::from_static("http://host/path?query");
        let context = RequestContext::new(7, Method::GET, &uri, Log::new(log.clone()));
        (GuestRequest::new(Arc::new(context)), log)
    }

    #[test]
    fn guest_output_is_shown_by_whole_lines() {
        let (request, log) = request();
        for piece in ["half ", "7", " ", "line\nnext"] {
            request.write_output(Stream::Err, piece.as_bytes());
        }
        assert_eq!(log.text(), "  [7] stderr | half 7 line\n");
        assert_eq!(request.last_output(), ["half 7 line", "next"]);
    }

    #[test]
    fn a_line_without_end_is_broken_and_not_kept_in_memory() {
        let (request, log) = request();
        request.write_output(Stream::Out, &vec![b'x'; MAX_LINE_BYTES * 2 + 1]);
        assert_eq!(log.text().lines().count(), 2);
    }

    #[test]
    fn output_of_a_called_worker_has_its_name() {
        let (request, log) = request();
        let uri = Uri::from_static("http://inner/");
        let called = request.context().calling(&"auth".into(), Method::GET, &uri);
        let called = GuestRequest::new(called.unwrap());
        called.write_output(Stream::Out, b"checked\n");
        assert_eq!(log.text(), "  [7] auth: stdout | checked\n");
        assert!(request.last_output().is_empty());
    }
}
