//! The program's log: one sink for request lines, binding calls, guest output and warnings.
//!
//! The queue is not `tracing-appender`'s: that one counts the lines that it drops and writes no line about them. A wrapper
//! that writes such a line, and detects whether the line itself was dropped, is as long as this queue.

#[cfg(any(test, feature = "test-support"))]
mod masked;
mod redaction;

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

#[cfg(any(test, feature = "test-support"))]
pub use self::masked::masked_times;
pub use self::redaction::Redaction;

/// A shared sink for whole lines.
///
/// A line is written at once and never mixed with another. A closed sink must not stop the server, so errors are
/// ignored.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    sink: Mutex<Box<dyn Write + Send>>,
    redaction: OnceLock<Redaction>,
}

impl Log {
    /// A log that writes to `sink`.
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Shared {
            sink: Mutex::new(Box::new(sink)),
            redaction: OnceLock::new(),
        }))
    }

    /// Redacts the URLs in all lines from now on. The first redaction stays.
    pub fn redact(&self, redaction: Redaction) {
        let _ = self.0.redaction.set(redaction);
    }

    /// Returns a text as the log shows it.
    pub fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.0.redaction.get() {
            Some(redaction) => redaction.redact(text),
            None => text.into(),
        }
    }

    /// Makes the log of the program: standard output, written by a thread of its own.
    ///
    /// A stopped terminal or an unread pipe must not stop the server. Lines beyond a bound are dropped, and a line with
    /// their number follows as soon as there is room.
    pub fn stdout() -> (Self, LogWriter) {
        let (sender, receiver) = sync_channel(MAX_QUEUED_LINES);
        std::thread::spawn(move || write_lines(&receiver, &mut std::io::stdout()));
        let queue = Queue {
            sender: sender.clone(),
            dropped: 0,
        };
        (Self::new(queue), LogWriter(sender))
    }

    /// Writes one line.
    pub fn line(&self, line: impl fmt::Display) {
        let line = line.to_string();
        let mut text = self.redacted(&line).into_owned();
        text.push('\n');
        let mut sink = self.0.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    }

    /// Writes a warning.
    pub fn warn(&self, what: impl fmt::Display) {
        self.line(format_args!("warning: {what}"));
    }
}

/// Most lines in the queue.
const MAX_QUEUED_LINES: usize = 10_000;
/// Longest time for which the end of the program waits for its last lines.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Acknowledged when everything before it has been written.
    Finish(SyncSender<()>),
}

/// The handle to the thread that writes the program's log.
pub struct LogWriter(SyncSender<Message>);

impl LogWriter {
    /// Waits, within a bound, until all lines are written.
    pub fn finish(self) {
        let (sender, written) = sync_channel(1);
        if self.0.try_send(Message::Finish(sender)).is_ok() {
            // A stopped terminal may not accept the lines in time.
            let _ = written.recv_timeout(FINISH_TIMEOUT);
        }
    }
}

/// Sends lines to the thread that writes them.
struct Queue {
    sender: SyncSender<Message>,
    dropped: u64,
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.dropped > 0 {
            let note = format!("warning: {} lines of this log were dropped\n", self.dropped);
            if self
                .sender
                .try_send(Message::Line(note.into_bytes()))
                .is_ok()
            {
                self.dropped = 0;
            }
        }
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write_lines(messages: &Receiver<Message>, sink: &mut impl Write) {
    for message in messages {
        match message {
            // A closed standard output is ignored.
            Message::Line(line) => drop(sink.write_all(&line).and_then(|()| sink.flush())),
            Message::Finish(written) => drop(written.send(())),
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// Formats a number of bytes: `999 B`, `34.1 KB`, `3.3 MB`, in powers of ten.
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the first few digits are shown, so the rounding of a float does not matter.
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let scaled = |unit: u64| self.0 as f64 / unit as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} KB", scaled(1_000)),
            _ => write!(f, "{:.1} MB", scaled(1_000_000)),
        }
    }
}

/// Formats a duration: `840 µs`, `12.3 ms`, `2.41 s`.
pub struct Time(pub Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match self.0.as_micros() {
            0..1_000 => write!(f, "{} µs", self.0.as_micros()),
            1_000..1_000_000 => write!(f, "{:.1} ms", seconds * 1e3),
            _ => write!(f, "{seconds:.2} s"),
        }
    }
}

/// A log in memory, for tests.
#[cfg(any(test, feature = "test-support"))]
#[derive(Clone, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<u8>>>);

#[cfg(any(test, feature = "test-support"))]
impl MemoryLog {
    /// All that was logged.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(any(test, feature = "test-support"))]
impl Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::{Bytes, Message, Queue, Time};

    #[test]
    fn dropped_lines_are_counted_and_reported_later() {
        let (sender, receiver) = sync_channel(2);
        let mut queue = Queue { sender, dropped: 0 };
        for line in ["1\n", "2\n", "3\n", "4\n"] {
            queue.write_all(line.as_bytes()).unwrap();
        }
        let next = || match receiver.try_recv() {
            Ok(Message::Line(line)) => String::from_utf8(line).unwrap(),
            _ => String::new(),
        };
        assert_eq!([next(), next(), next()], ["1\n", "2\n", ""]);
        queue.write_all(b"5\n").unwrap();
        assert_eq!(
            [next(), next()],
            ["warning: 2 lines of this log were dropped\n", "5\n"]
        );
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(Bytes(999).to_string(), "999 B");
        assert_eq!(Bytes(34_140).to_string(), "34.1 KB");
        assert_eq!(Bytes(3_300_000).to_string(), "3.3 MB");
        assert_eq!(Time(Duration::from_micros(840)).to_string(), "840 µs");
        assert_eq!(Time(Duration::from_micros(12_345)).to_string(), "12.3 ms");
        assert_eq!(Time(Duration::from_millis(2_410)).to_string(), "2.41 s");
    }
}
