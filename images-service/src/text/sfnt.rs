//! The table directory of an sfnt file, the container of TTF and OTF.

use super::broken;
use crate::error::ServiceError;

/// The bytes of an sfnt header, and of one entry of the table directory.
const HEAD: usize = 12;
const ENTRY: usize = 16;

/// Verifies that the file has every table that it lists. A file that is cut short is refused, not drawn with the rest.
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
