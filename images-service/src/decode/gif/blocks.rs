//! The blocks of a GIF file: counts its frames without decoding one.

use super::super::{error::DecodeError, header_limits::HeaderLimits};
use crate::options::Size;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

/// The frames of a file.
#[derive(Clone, Copy)]
pub(super) struct FrameCount {
    pub(super) frames: u32,
    /// The area of the largest frame, which may be larger than the canvas.
    pub(super) largest: u64,
}

/// Counts the frames, and verifies that each frame and all frames together are within the limits.
pub(super) fn count_frames(
    bytes: &[u8],
    limits: HeaderLimits<'_>,
) -> Result<FrameCount, DecodeError> {
    let mut rest = Rest(bytes);
    let head = rest.take(13)?;
    let [w0, w1, h0, h1, flags, ..] = *head.get(6..).unwrap_or_default() else {
        return Err(cut());
    };
    let canvas = Size::new(whole(w0, w1), whole(h0, h1));
    rest.skip_table(flags)?;
    let mut count = FrameCount {
        frames: 0,
        largest: 0,
    };
    let mut area: u64 = 0;
    loop {
        match rest.byte()? {
            EXTENSION => {
                rest.byte()?;
                rest.skip_sub_blocks()?;
            }
            IMAGE => {
                let [_, _, _, _, w0, w1, h0, h1, flags] = *rest.take(9)? else {
                    return Err(cut());
                };
                let frame = Size::new(whole(w0, w1), whole(h0, h1));
                limits.check_size(frame)?;
                count.frames += 1;
                count.largest = count.largest.max(frame.area());
                // Each frame is decoded whole, and the canvas is shown whole.
                area = area.saturating_add(canvas.area().max(frame.area()));
                limits.check_frames(count.frames, area)?;
                rest.skip_table(flags)?;
                // The minimum code size of LZW.
                rest.byte()?;
                rest.skip_sub_blocks()?;
            }
            TRAILER => return Ok(count),
            _ => return Err(DecodeError::broken("it has an unknown block")),
        }
    }
}

/// The bytes that are not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.0.split_first().ok_or_else(cut)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// Skips a colour table, if the flags say that one follows.
    fn skip_table(&mut self, flags: u8) -> Result<(), DecodeError> {
        if flags & 0x80 != 0 {
            self.take(3 << ((flags & 7) + 1))?;
        }
        Ok(())
    }

    fn skip_sub_blocks(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.byte()? {
                0 => return Ok(()),
                length => self.take(length.into())?,
            };
        }
    }
}

fn whole(low: u8, high: u8) -> u32 {
    u16::from_le_bytes([low, high]).into()
}

fn cut() -> DecodeError {
    DecodeError::broken("it is cut short")
}
