//! The RIFF chunks of a WebP file: finds the frames of an animation without decoding one.

use super::super::{canvas::Blend, error::DecodeError, header_limits::HeaderLimits};
use crate::{
    options::{Frames, Size},
    picture::LoopCount,
};

/// Verifies that the file has the length that its RIFF header claims. A shorter file is cut short, whatever of it can
/// be decoded.
pub(super) fn check_complete(bytes: &[u8]) -> Result<(), DecodeError> {
    let claimed = bytes
        .get(4..8)
        .and_then(|length| length.first_chunk::<4>())
        .map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
    if (bytes.len() as u64) < claimed.saturating_add(8) {
        return Err(cut());
    }
    Ok(())
}

/// An animation whose frames lie inside its canvas.
pub(super) struct Animation<'a> {
    pub(super) loop_count: LoopCount,
    pub(super) frames: Vec<AnimationFrame<'a>>,
}

/// One frame before it is decoded.
pub(super) struct AnimationFrame<'a> {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) size: Size,
    /// The delay in milliseconds.
    pub(super) delay: u32,
    pub(super) blend: Blend,
    /// Whether the area of the frame becomes transparent after it (disposal to the background).
    pub(super) cleared: bool,
    alpha: Option<&'a [u8]>,
    coded: Coded<'a>,
}

#[derive(Clone, Copy)]
enum Coded<'a> {
    Lossy(&'a [u8]),
    Lossless(&'a [u8]),
}

/// Counts the frames that are decoded, and verifies that their number and area are within the limits.
pub(super) fn count_frames(
    bytes: &[u8],
    canvas: Size,
    limits: HeaderLimits<'_>,
) -> Result<u32, DecodeError> {
    let mut count = 0;
    for chunk in Chunks(bytes.get(12..).unwrap_or_default()) {
        if chunk?.name == b"ANMF" {
            count += 1;
            limits.check_frames(count, canvas.area().saturating_mul(count.into()))?;
            if limits.frames == Frames::First {
                break;
            }
        }
    }
    Ok(count)
}

/// Finds the first `count` frames, which must lie inside of their canvas.
pub(super) fn animation(
    bytes: &[u8],
    canvas: Size,
    count: u32,
) -> Result<Animation<'_>, DecodeError> {
    let mut loop_count = LoopCount::default();
    let mut frames = Vec::new();
    for chunk in Chunks(bytes.get(12..).unwrap_or_default()) {
        let Chunk { name, content } = chunk?;
        match name {
            b"ANIM" => {
                let times = content.get(4..6).ok_or_else(cut)?;
                loop_count = LoopCount::from_times(number(times));
            }
            b"ANMF" => {
                let frame = frame(content)?;
                let right = frame.left.saturating_add(frame.size.width);
                let bottom = frame.top.saturating_add(frame.size.height);
                if right > canvas.width || bottom > canvas.height {
                    return Err(DecodeError::broken("a frame lies outside of its canvas"));
                }
                frames.push(frame);
                if frames.len() >= count as usize {
                    break;
                }
            }
            _ => {}
        }
    }
    if frames.is_empty() {
        return Err(DecodeError::broken("it has no frame"));
    }
    Ok(Animation { loop_count, frames })
}

fn frame(content: &[u8]) -> Result<AnimationFrame<'_>, DecodeError> {
    let (head, chunks) = content.split_at_checked(16).ok_or_else(cut)?;
    let field = |at: usize| number(head.get(at..at + 3).unwrap_or_default());
    let flags = head.get(15).copied().unwrap_or_default();
    let mut alpha = None;
    let mut coded = None;
    for chunk in Chunks(chunks) {
        let Chunk { name, content } = chunk?;
        match name {
            b"ALPH" if coded.is_none() => alpha = Some(content),
            b"VP8 " if coded.is_none() => coded = Some(Coded::Lossy(content)),
            b"VP8L" if coded.is_none() => coded = Some(Coded::Lossless(content)),
            _ => {}
        }
    }
    Ok(AnimationFrame {
        left: field(0) * 2,
        top: field(3) * 2,
        size: Size::new(field(6) + 1, field(9) + 1),
        delay: field(12),
        blend: if flags & 2 == 0 {
            Blend::Over
        } else {
            Blend::Replace
        },
        cleared: flags & 1 == 1,
        alpha,
        coded: coded.ok_or_else(|| DecodeError::broken("a frame has no picture"))?,
    })
}

impl AnimationFrame<'_> {
    /// Writes the frame as a file of its own, into a buffer that may be used again.
    pub(super) fn write_file(&self, file: &mut Vec<u8>) {
        file.clear();
        file.extend_from_slice(b"RIFF\0\0\0\0WEBP");
        if let (Some(alpha), Coded::Lossy(_)) = (self.alpha, self.coded) {
            let mut head = [0; 10];
            // The flag for alpha alone.
            head[0] = 0x10;
            let Size { width, height } = self.size;
            head[4..7].copy_from_slice(&(width - 1).to_le_bytes()[..3]);
            head[7..10].copy_from_slice(&(height - 1).to_le_bytes()[..3]);
            push(file, b"VP8X", &head);
            push(file, b"ALPH", alpha);
        }
        match self.coded {
            Coded::Lossy(content) => push(file, b"VP8 ", content),
            Coded::Lossless(content) => push(file, b"VP8L", content),
        }
        let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX);
        if let Some(place) = file.get_mut(4..8) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn push(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    file.extend_from_slice(name);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(content);
    file.extend_from_slice(&[0][..content.len() % 2]);
}

struct Chunk<'a> {
    name: &'a [u8; 4],
    content: &'a [u8],
}

/// Iterates over the chunks.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let chunk = self.chunk();
        if chunk.is_none() {
            self.0 = &[];
        }
        Some(chunk.ok_or_else(cut))
    }
}

impl<'a> Chunks<'a> {
    fn chunk(&mut self) -> Option<Chunk<'a>> {
        let (name, rest) = self.0.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (content, rest) = rest.split_at_checked(length)?;
        // A chunk of odd length is followed by one byte of padding.
        self.0 = rest.get(length % 2..).unwrap_or_default();
        Some(Chunk { name, content })
    }
}

/// Reads a little-endian number of up to four bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn cut() -> DecodeError {
    DecodeError::broken("it is cut short")
}
