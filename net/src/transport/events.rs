//! The first and the last events of one request. The memory for the first is allocated with the request.

use safelight_protocol::trace::{TransportAct, TransportEvent};

/// The maximum number of events that are kept from the beginning, and the same number from the end.
pub(super) const MAX_HALF: usize = 32;

/// The first and the last events.
#[derive(Debug)]
pub(super) struct Events {
    first: Vec<TransportEvent>,
    /// A ring buffer once it is full.
    last: Vec<TransportEvent>,
    oldest: usize,
    left_out: u64,
    /// The last event.
    newest: Option<TransportAct>,
    is_unflushed: bool,
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            first: Vec::with_capacity(MAX_HALF),
            last: Vec::new(),
            oldest: 0,
            left_out: 0,
            newest: None,
            is_unflushed: false,
        }
    }

    /// Removes all events, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.last.clear();
        (self.oldest, self.left_out) = (0, 0);
        (self.newest, self.is_unflushed) = (None, false);
    }

    /// Returns whether there was a write since the last flush.
    pub(super) fn unflushed(&self) -> bool {
        self.is_unflushed
    }

    pub(super) fn push(&mut self, event: TransportEvent) {
        if event.what == TransportAct::Write {
            self.is_unflushed = true;
        } else if event.what == TransportAct::Flush {
            self.is_unflushed = false;
        }
        let is_repeated = self.newest == Some(event.what) && event.what != TransportAct::Write;
        self.newest = Some(event.what);
        if is_repeated && let Some(last) = self.newest_mut() {
            last.bytes += event.bytes;
            last.times += 1;
        } else if self.first.len() < MAX_HALF {
            self.first.push(event);
        } else if self.last.len() < MAX_HALF {
            self.last.reserve_exact(MAX_HALF - self.last.len());
            self.last.push(event);
        } else if let Some(slot) = self.last.get_mut(self.oldest) {
            *slot = event;
            self.oldest = (self.oldest + 1) % MAX_HALF;
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
