//! The bits of a scan: its bytes without byte stuffing, one window at a time, and a cursor that consumes bits of it.
//!
//! Stuffing is removed for many bytes at once, so that the cursor never inspects the value of a byte.

use std::ops::Range;

use super::DecodeError;

/// The size of a window in bytes, without stuffing.
const WINDOW: usize = 1 << 16;
/// An upper bound of the bytes that the codes of one MCU take: six blocks of 64 coefficients of 32 bits.
const MAX_MCU_BYTES: usize = 2048;
/// The bytes that a cursor loads at once.
const REFILL_BYTES: usize = 8;

pub(super) struct Bits<'a> {
    /// The bytes that have not come into the window yet.
    source: &'a [u8],
    window: Vec<u8>,
    /// The number of bytes in the window that come from the scan. Zeros follow.
    filled: usize,
    /// Whether the window has the last bytes of the segment: a marker or the end follows.
    ended: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            window: vec![0; WINDOW + MAX_MCU_BYTES + REFILL_BYTES],
            filled: 0,
            ended: false,
        }
    }

    /// Makes sure that the window has the codes of one MCU, or all that are left.
    ///
    /// Fails if the codes so far have taken more bits than there are.
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
        // While the segment goes on, the cursor cannot have reached the end of the window.
        let kept: Range<usize> = cursor.next.min(self.filled)..self.filled;
        self.filled = kept.len();
        self.window.copy_within(kept, 0);
        cursor.next = 0;
        while self.filled < WINDOW && !self.ended {
            self.append();
        }
        let end = (self.filled + MAX_MCU_BYTES + REFILL_BYTES).min(self.window.len());
        self.window[self.filled..end].fill(0);
        Ok(cursor)
    }

    /// Appends the bytes up to the next 0xFF, and the byte that this one stands for.
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
        // Any number of 0xFF bytes may precede a marker or a stuffed zero.
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

    /// Fails if the codes have taken more bits than there are.
    pub(super) fn check(&self, cursor: Cursor) -> Result<(), DecodeError> {
        if cursor.next * 8 > self.filled * 8 + cursor.held as usize {
            return Err(DecodeError::broken(
                "a scan has fewer codes than its picture needs",
            ));
        }
        Ok(())
    }

    /// Continues after the restart marker of this number (modulo 8). Fails if anything else follows.
    pub(super) fn restart(&mut self, cursor: Cursor, number: u8) -> Result<Cursor, DecodeError> {
        self.check(cursor)?;
        while !self.ended {
            // No code needed these bytes.
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

/// A position in the window. It is small, so that it stays in registers.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    /// The next bits, from the highest on. The bits below the valid ones may be loaded again.
    buffer: u64,
    /// The number of valid bits in `buffer`.
    held: u32,
    /// The index of the first byte in the window that is not loaded.
    next: usize,
}

impl Cursor {
    /// The minimum number of valid bits after a refill.
    pub(super) const LOADED: u32 = 56;

    #[inline(always)]
    pub(super) fn refill(&mut self, window: &[u8]) {
        let bytes = window
            .get(self.next..self.next + REFILL_BYTES)
            .and_then(<[u8]>::first_chunk);
        // The window always has these bytes; the check is for the compiler.
        let word = bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        self.buffer |= word >> self.held;
        self.next += ((63 - self.held) >> 3) as usize;
        self.held |= Self::LOADED;
    }

    /// Returns the next bits, at least one, without consuming them.
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
