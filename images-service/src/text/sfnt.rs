//! The table directory of an sfnt file, which TTF and OTF are.

use super::broken;
use crate::error::ServiceError;

/// Bytes of an sfnt file before its list of tables, and of one entry of it.
const HEAD: usize = 12;
const ENTRY: usize = 16;

/// Whether every table that the file lists is there: a file cut short is refused, and not drawn with what is left.
pub(super) fn check_tables(sfnt: &[u8]) -> Result<(), ServiceError> {
    let cut_short = || broken("it is cut short");
    let count = u16_at(sfnt, 4).ok_or_else(cut_short)?;
    let entries = sfnt
        .get(HEAD..HEAD + ENTRY * usize::from(count))
        .ok_or_else(cut_short)?;
    for entry in entries.chunks_exact(ENTRY) {
        let offset = u32_at(entry, 8).ok_or_else(cut_short)?;
        let length = u32_at(entry, 12).ok_or_else(cut_short)?;
        if u64::from(offset) + u64::from(length) > sfnt.len() as u64 {
            return Err(cut_short());
        }
    }
    Ok(())
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}
