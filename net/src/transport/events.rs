//! The events of one request: the first, in memory that is taken with it, and the last, if there are so many.

use safelight_protocol::trace::{TransportAct, TransportEvent};

/// Events that are kept from the beginning, and as many from the end.
pub(super) const HALF: usize = 32;

/// The first events and the last.
#[derive(Debug)]
pub(super) struct Events {
    first: Vec<TransportEvent>,
    /// A ring once it is full.
    last: Vec<TransportEvent>,
    oldest: usize,
    left_out: u64,
    /// What happened last.
    newest: Option<TransportAct>,
    written: bool,
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            first: Vec::with_capacity(HALF),
            last: Vec::new(),
            oldest: 0,
            left_out: 0,
            newest: None,
            written: false,
        }
    }

    /// Forgets what has happened, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.last.clear();
        (self.oldest, self.left_out) = (0, 0);
        (self.newest, self.written) = (None, false);
    }

    /// Whether there was a write since the last flush.
    pub(super) fn unflushed(&self) -> bool {
        self.written
    }

    pub(super) fn push(&mut self, event: TransportEvent) {
        if event.what == TransportAct::Write {
            self.written = true;
        } else if event.what == TransportAct::Flush {
            self.written = false;
        }
        let again = self.newest == Some(event.what) && event.what != TransportAct::Write;
        self.newest = Some(event.what);
        if again && let Some(last) = self.newest_mut() {
            last.bytes += event.bytes;
            last.times += 1;
        } else if self.first.len() < HALF {
            self.first.push(event);
        } else if self.last.len() < HALF {
            self.last.reserve_exact(HALF - self.last.len());
            self.last.push(event);
        } else if let Some(place) = self.last.get_mut(self.oldest) {
            *place = event;
            self.oldest = (self.oldest + 1) % HALF;
            self.left_out += 1;
        }
    }

    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    fn newest_mut(&mut self) -> Option<&mut TransportEvent> {
        match self.last.len() {
            0 => self.first.last_mut(),
            length => self.last.get_mut((self.oldest + length - 1) % length),
        }
    }

    pub(super) fn in_order(&self) -> Vec<TransportEvent> {
        let (newer, older) = self.last.split_at(self.oldest.min(self.last.len()));
        [self.first.as_slice(), older, newer].concat()
    }
}
