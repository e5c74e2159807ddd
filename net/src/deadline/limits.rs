//! The limits of progress.

use std::time::Duration;

use safelight_protocol::settings::DeadlineSettings;

/// Longest time of a server's connection without a request.
///
/// Clients that keep a connection for reuse must give up first, or they would send a request just when it closes.
/// workerd does after 5 seconds.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Longest pause of each kind of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From the first byte of a request's head to its last.
    pub header_read: Duration,
    /// From one byte of a body that is received to the next.
    pub body_read: Duration,
    /// From one byte that the system accepts to the next.
    ///
    /// The system reports progress in steps: a Unix socket in some 150 KB, a TCP connection in up to a sixteenth of
    /// the reader's buffer, which is 2 MB where Linux lets buffers grow to 32 MB. A reader of 8 KB/s needs 256 s for
    /// that.
    pub write: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        DeadlineSettings::default().into()
    }
}

impl From<DeadlineSettings> for Deadlines {
    fn from(settings: DeadlineSettings) -> Self {
        Self {
            header_read: Duration::from_millis(settings.header_read_ms),
            body_read: Duration::from_millis(settings.body_read_ms),
            write: Duration::from_millis(settings.write_ms),
        }
    }
}

impl From<Deadlines> for DeadlineSettings {
    fn from(deadlines: Deadlines) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            header_read_ms: ms(deadlines.header_read),
            body_read_ms: ms(deadlines.body_read),
            write_ms: ms(deadlines.write),
        }
    }
}
