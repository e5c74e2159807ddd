//! The bits of a scan: its bytes without their stuffing, a window at a time, and a cursor that consumes bits of it.
//!
//! Stuffing is taken out for many bytes at once, so that taking bits never looks at a byte's value.

use std::ops::Range;

use super::DecodeError;

/// Bytes without stuffing that are there at a time.
const WINDOW: usize = 1 << 16;
/// More than the longest codes of one MCU take: six blocks of 64 coefficients of 32 bits.
const MAX_MCU_BYTES: usize = 2048;
/// Bytes that a cursor loads at once.
const LOAD: usize = 8;

pub(super) struct Bits<'a> {
    /// What has not come into the window yet.
    source: &'a [u8],
    window: Vec<u8>,
    /// What of the window came from the scan; zeros follow.
    filled: usize,
    /// Whether the segment has no more bytes than those in the window: a marker or the end follows.
    ended: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            window: vec![0; WINDOW + MAX_MCU_BYTES + LOAD],
            filled: 0,
            ended: false,
        }
    }

    /// Makes sure that the codes of one MCU are in the window, or all there are.
    ///
    /// Fails if the codes before have taken more bits than there are.
    #[inline]
    pub(super) fn ensure_mcu(&mut self, cursor: Cursor) -> Result<Cursor, DecodeError> {
        if cursor.next + MAX_MCU_BYTES <= self.filled {
            return Ok(cursor);
        }
        self.fill(cursor)
    }

    #[cold]
    fn fill(&mut self, mut cursor: Cursor) -> Result<Cursor, DecodeError> {
        if self.ended {
            self.check(cursor)?;
            return Ok(cursor);
        }
        // As long as the segment goes on, a cursor cannot have come to the end of the window.
        let kept: Range<usize> = cursor.next.min(self.filled)..self.filled;
        self.filled = kept.len();
        self.window.copy_within(kept, 0);
        cursor.next = 0;
        while self.filled < WINDOW && !self.ended {
            self.append();
        }
        let end = (self.filled + MAX_MCU_BYTES + LOAD).min(self.window.len());
        self.window[self.filled..end].fill(0);
        Ok(cursor)
    }

    /// Bytes up to the next 0xFF, and what this one stands for.
    fn append(&mut self) {
        let piece = &self.source[..self.source.len().min(WINDOW - self.filled)];
        let plain = memchr::memchr(0xFF, piece);
        let length = plain.unwrap_or(piece.len());
        self.window[self.filled..self.filled + length].copy_from_slice(&piece[..length]);
        self.filled += length;
        self.source = &self.source[length..];
        if plain.is_none() {
            self.ended = self.source.is_empty();
            return;
        }
        // Any number of them may stand before a marker, and before stuffing.
        let run = self.source.iter().position(|byte| *byte != 0xFF);
        match run.map(|run| (run, self.source[run])) {
            Some((run, 0)) => {
                self.window[self.filled] = 0xFF;
                self.filled += 1;
                self.source = &self.source[run + 1..];
            }
            Some(_) | None => self.ended = true,
        }
    }

    /// Fails if more bits were taken than there are.
    pub(super) fn check(&self, cursor: Cursor) -> Result<(), DecodeError> {
        if cursor.next * 8 > self.filled * 8 + cursor.held as usize {
            return Err(DecodeError::broken(
                "a scan has fewer codes than its picture needs",
            ));
        }
        Ok(())
    }

    /// Goes on behind the restart marker of this number, which must be the next one.
    pub(super) fn restart(&mut self, cursor: Cursor, number: u8) -> Result<Cursor, DecodeError> {
        self.check(cursor)?;
        while !self.ended {
            // Bytes that no code needed.
            self.filled = 0;
            self.append();
        }
        let run = self.source.iter().position(|byte| *byte != 0xFF);
        let marker = run.map(|run| (run, self.source[run]));
        match marker {
            Some((run, marker)) if run > 0 && marker == 0xD0 + number % 8 => {
                self.source = &self.source[run + 1..];
            }
            Some(_) | None => {
                return Err(DecodeError::broken(
                    "a restart marker is not where it belongs",
                ));
            }
        }
        self.filled = 0;
        self.ended = self.source.is_empty();
        Ok(Cursor::default())
    }

    pub(super) fn window(&self) -> &[u8] {
        &self.window
    }
}

/// A place in the window. Small, so that it stays in registers.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    /// Bits that come next, from the highest on. Below those that count may stand bits that will be loaded again.
    buffer: u64,
    /// How many of them count.
    held: u32,
    /// The first byte of the window that does not count.
    next: usize,
}

impl Cursor {
    /// Bits that are there after loading.
    pub(super) const LOADED: u32 = 56;

    #[inline(always)]
    pub(super) fn refill(&mut self, window: &[u8]) {
        let bytes = window
            .get(self.next..self.next + LOAD)
            .and_then(<[u8]>::first_chunk);
        // A window always goes on for that long; this is for the compiler.
        let word = bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        self.buffer |= word >> self.held;
        self.next += ((63 - self.held) >> 3) as usize;
        self.held |= Self::LOADED;
    }

    /// The next bits, at least one, without taking them.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 32 bits are asked for"
    )]
    pub(super) const fn peek(&self, bits: u32) -> usize {
        (self.buffer >> (64 - bits)) as usize
    }

    #[inline(always)]
    pub(super) const fn consume(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.held -= bits;
    }
}
