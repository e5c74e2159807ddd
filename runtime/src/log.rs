//! Where the program's lines go: one sink for request lines, binding calls, guest output and warnings.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A sink for whole lines, shared by everything that has something to say.
///
/// A line is written at once and never mixed with another. A sink that is gone (a closed pipe) is no reason to stop
/// serving, so its errors are dropped.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Box<dyn Write + Send>>>);

impl Log {
    /// A log that writes to `sink`.
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(sink))))
    }

    /// The log of the program itself: standard output.
    pub fn stdout() -> Self {
        Self::new(std::io::stdout())
    }

    /// Writes one line.
    pub fn line(&self, line: impl fmt::Display) {
        let mut text = line.to_string();
        text.push('\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    }

    /// Writes a line that asks for attention.
    pub fn warn(&self, what: impl fmt::Display) {
        self.line(format_args!("warning: {what}"));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// A number of bytes as people read it: `999 B`, `34.1 KB`, `3.3 MB`, in powers of ten.
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

/// A duration as people read it: `840 µs`, `12.3 ms`, `2.41 s`.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bytes, Time};

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
