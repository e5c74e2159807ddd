//! The marker segments of a JPEG file (Annex B): reads the frame header, and verifies that the file reaches EOI.
//!
//! Decoders are lenient about both. They report an unknown coding late, and take the end of the bytes for the end of
//! the picture.

use super::DecodeError;
use crate::options::Size;

/// The frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) size: Size,
    pub(super) components: u8,
    pub(super) coding: Coding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Sequential,
    Progressive,
}

/// Reads the first frame header.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let mut segments = Segments::new(bytes);
    loop {
        let segment = segments.next()?;
        let coding = match segment.marker {
            0xC0 | 0xC1 => Coding::Sequential,
            0xC2 => Coding::Progressive,
            0xC3 => return Err(DecodeError::Unsupported("lossless coding")),
            0xC5..=0xC7 | 0xCD..=0xCF => {
                return Err(DecodeError::Unsupported("hierarchical coding"));
            }
            0xC9..=0xCB => return Err(DecodeError::Unsupported("arithmetic coding")),
            EOI => return Err(DecodeError::broken("it has no frame header")),
            _ => continue,
        };
        let [precision, h1, h0, w1, w0, components, ..] = *segment.content else {
            return Err(DecodeError::broken("its frame header is cut short"));
        };
        if precision != 8 {
            return Err(DecodeError::Unsupported("more than 8 bits a sample"));
        }
        let [height, width] = [[h1, h0], [w1, w0]].map(|side| u32::from(u16::from_be_bytes(side)));
        return Ok(Frame {
            size: Size::new(width, height),
            components,
            coding,
        });
    }
}

/// Verifies that the file reaches EOI through all scans. Returns the number of scans.
pub(super) fn check_complete(bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut segments = Segments::new(bytes);
    let mut scans = 0;
    loop {
        match segments.next()?.marker {
            SOS => {
                scans += 1;
                segments.skip_scan();
            }
            EOI if scans == 0 => return Err(DecodeError::broken("it has no scan")),
            EOI => return Ok(scans),
            _ => {}
        }
    }
}

/// Whether the file has no metadata, no density and no bytes after EOI.
pub(in crate::decode) fn has_no_metadata(bytes: &[u8]) -> bool {
    let mut segments = Segments::new(bytes);
    loop {
        let Ok(segment) = segments.next() else {
            return false;
        };
        match segment.marker {
            SOS => segments.skip_scan(),
            EOI => return segments.rest.is_empty(),
            // Frame headers, tables and the restart interval.
            0xC0..=0xC2 | 0xC4 | 0xDB | 0xDD => {}
            // JFIF with no unit of density and no thumbnail.
            0xE0 => match segment.content {
                [b'J', b'F', b'I', b'F', 0, _, _, 0, _, _, _, _, 0, 0] => {}
                _ => return false,
            },
            _ => return false,
        }
    }
}

const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) content: &'a [u8],
}

/// Walks from marker to marker.
pub(super) struct Segments<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        // The sniffed signature begins with SOI.
        Self {
            rest: bytes.get(2..).unwrap_or_default(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Segment<'a>, DecodeError> {
        let cut = || DecodeError::broken("it is cut short");
        loop {
            // Bytes before a marker are skipped, as by all readers.
            let at = memchr::memchr(0xFF, self.rest).ok_or_else(cut)?;
            let after = self.rest[at..]
                .iter()
                .position(|byte| *byte != 0xFF)
                .ok_or_else(cut)?;
            let marker = self.rest[at + after];
            self.rest = &self.rest[at + after + 1..];
            match marker {
                // Stuffing, and markers without a segment.
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                EOI => {
                    return Ok(Segment {
                        marker,
                        content: &[],
                    });
                }
                _ => {
                    let length = self.rest.first_chunk::<2>().ok_or_else(cut)?;
                    let length = usize::from(u16::from_be_bytes(*length));
                    let content = self.rest.get(2..length).ok_or_else(cut)?;
                    self.rest = &self.rest[length..];
                    return Ok(Segment { marker, content });
                }
            }
        }
    }

    /// Skips entropy-coded data, up to a marker other than RSTn.
    fn skip_scan(&mut self) {
        let end = memchr::memchr_iter(0xFF, self.rest).find(|at| {
            let next = self.rest.get(at + 1);
            !matches!(next, Some(0x00 | 0xD0..=0xD7 | 0xFF))
        });
        self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, check_complete, frame, has_no_metadata};
    use crate::{decode::DecodeError, options::Size};

    const START: &[u8] = b"\xFF\xD8\xFF\xE0\0\x04ab";
    const FRAME: &[u8] = b"\xFF\xC0\0\x0B\x08\0\x02\0\x03\x01\x01\x11\0";
    const SOS: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x12\xFF\0\x34\xFF\xD0\x56";
    const EOI: &[u8] = b"\xFF\xD9";

    fn file(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn the_frame_header_tells_size_and_coding() {
        let frame = frame(&file(&[START, FRAME])).ok().unwrap();
        assert_eq!(frame.size, Size::new(3, 2));
        assert_eq!(frame.coding, Coding::Sequential);
        assert_eq!(frame.components, 1);
    }

    #[test]
    fn codings_without_a_decoder_are_named() {
        for (marker, name) in [
            (0xC3, "lossless"),
            (0xC9, "arithmetic"),
            (0xC5, "hierarchical"),
        ] {
            let mut bytes = file(&[START, FRAME]);
            bytes[START.len() + 1] = marker;
            let Err(DecodeError::Unsupported(what)) = frame(&bytes) else {
                panic!("{name} is not supported");
            };
            assert!(what.contains(name));
        }
    }

    #[test]
    fn a_file_is_complete_only_with_its_end_marker() {
        let whole = file(&[START, FRAME, SOS, SOS, EOI]);
        assert!(check_complete(&whole).is_ok());
        for length in 2..whole.len() {
            assert!(check_complete(&whole[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn an_end_marker_inside_a_segment_is_not_the_end() {
        let thumbnail: &[u8] = b"\xFF\xE1\0\x06\xFF\xD9\xFF\xD9";
        assert!(check_complete(&file(&[START, thumbnail, FRAME, SOS])).is_err());
        assert!(check_complete(&file(&[START, thumbnail, FRAME, SOS, EOI])).is_ok());
    }

    #[test]
    fn a_density_or_a_tail_counts_as_metadata() {
        let jfif = |unit: u8| {
            let content = [b"JFIF\0\x01\x01", &[unit, 0, 72, 0, 72, 0, 0][..]].concat();
            [b"\xFF\xD8\xFF\xE0\0\x10", &content[..]].concat()
        };
        assert!(has_no_metadata(&file(&[&jfif(0), FRAME, SOS, EOI])));
        assert!(!has_no_metadata(&file(&[&jfif(1), FRAME, SOS, EOI])));
        assert!(!has_no_metadata(&file(&[
            &jfif(0),
            FRAME,
            SOS,
            EOI,
            b"more"
        ])));
        assert!(!has_no_metadata(&file(&[&jfif(0), FRAME, SOS])));
        let comment: &[u8] = b"\xFF\xFE\0\x04hi";
        assert!(!has_no_metadata(&file(&[
            &jfif(0),
            comment,
            FRAME,
            SOS,
            EOI
        ])));
        assert!(!has_no_metadata(&file(&[START, FRAME, SOS, EOI])));
    }

    #[test]
    fn what_follows_the_end_does_not_matter() {
        assert!(check_complete(&file(&[START, FRAME, SOS, EOI, b"more"])).is_ok());
    }
}
