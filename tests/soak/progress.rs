//! The progress of an exchange and the kernel's state of its connection, reported for an exchange that does not end.

use std::fmt;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};

use tokio::time::Instant;

/// The progress of one exchange.
pub(crate) struct Progress {
    began: Instant,
    /// The client's port, by which the kernel knows the connection.
    port: AtomicU16,
    sent: AtomicUsize,
    received: AtomicUsize,
    /// The time of the last bytes, in milliseconds since the start.
    moved: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            port: AtomicU16::new(0),
            sent: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            moved: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_on(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    /// Records bytes of the upload that were passed to the connection.
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records bytes of the answer that arrived.
    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.moved.store(self.milliseconds(), Ordering::Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (now, moved) = (self.milliseconds(), self.moved.load(Ordering::Relaxed));
        write!(
            f,
            "{} bytes sent, {} received, nothing for {} of {now} ms",
            self.sent.load(Ordering::Relaxed),
            self.received.load(Ordering::Relaxed),
            now - moved.min(now)
        )?;
        let port = self.port.load(Ordering::Relaxed);
        for end in ends(port) {
            write!(f, "; {end}")?;
        }
        Ok(())
    }
}

/// Both ends of the connection of a port, if both are on this machine.
fn ends(port: u16) -> Vec<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let address = format!(":{port:04X}");
    let lines = table.lines().filter_map(|line| {
        let field: Vec<_> = line.split_whitespace().collect();
        let [_, local, remote, state, queues, timer, timeouts, _, probes, ..] = field[..] else {
            return None;
        };
        let end = match (local.ends_with(&address), remote.ends_with(&address)) {
            (true, _) => "client",
            (false, true) => "server",
            (false, false) => return None,
        };
        // Hexadecimal but for the last: bytes not acknowledged and bytes not read; timer 1 sends again and timer 4 asks
        // whether the other end has room, either after so many hundredths of a second.
        Some(format!(
            "{end}: state {state}, queues {queues}, timer {timer}, {timeouts} times without an answer, {probes} questions"
        ))
    });
    lines.collect()
}
