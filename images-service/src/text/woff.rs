//! Decompresses web fonts: WOFF, with zlib for each table, and WOFF2, with one Brotli stream for all tables.

use std::io::Read;

use flate2::read::ZlibDecoder;
use wuff::{decompress_woff1_with_custom_z, decompress_woff2_with_custom_brotli};

use super::{
    broken, refused,
    sfnt::{u16_at, u32_at},
};
use crate::error::ServiceError;

/// The bytes of a WOFF header, and of one entry of the table directory.
const HEAD: usize = 44;
const ENTRY: usize = 20;

/// Decompresses WOFF into at most `max` bytes.
pub(super) fn decode_woff1(file: &[u8], max: usize) -> Result<Vec<u8>, ServiceError> {
    check_directory(file, max)?;
    let mut file = file.to_vec();
    // The library verifies every field of the header. The tables depend neither on the length in the header nor on
    // other blocks of data, so these fields are replaced.
    let length = u32::try_from(file.len()).map_err(|_| broken("it is too large"))?;
    if let Some(fields) = file.get_mut(8..HEAD) {
        fields[..4].copy_from_slice(&length.to_be_bytes());
        fields[6..].fill(0);
    }
    decompress_woff1_with_custom_z(&file, &mut |table, length| {
        let mut bytes = Vec::with_capacity(length);
        // One byte more than the table should have shows that it has too many.
        ZlibDecoder::new(table)
            .take(length as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    })
    .map_err(|_| broken("a table of its WOFF wrapping is broken"))
}

/// Verifies the sum of all tables before the first one is inflated, because tables may share their bytes.
fn check_directory(file: &[u8], max: usize) -> Result<(), ServiceError> {
    let cut_short = || broken("its WOFF wrapping is cut short");
    let count = usize::from(u16_at(file, 12).ok_or_else(cut_short)?);
    let entries = file.get(HEAD..HEAD + ENTRY * count).ok_or_else(cut_short)?;
    // The header and the directory of the resulting file.
    let mut inflated = 12 + 16 * count as u64;
    let mut expands = false;
    for entry in entries.chunks_exact(ENTRY) {
        let number = |at| u32_at(entry, at).map(u64::from).ok_or_else(cut_short);
        let (offset, stored, length) = (number(4)?, number(8)?, number(12)?);
        if offset + stored > file.len() as u64 {
            return Err(cut_short());
        }
        expands |= stored > length;
        inflated += length.next_multiple_of(4);
    }
    check_inflated(inflated, max)?;
    match expands {
        true => Err(broken("a table of its WOFF wrapping is broken")),
        false => Ok(()),
    }
}

/// Decompresses WOFF2 into at most `max` bytes.
pub(super) fn decode_woff2(file: &[u8], max: usize) -> Result<Vec<u8>, ServiceError> {
    if file.get(4..8) == Some(b"ttcf") {
        return Err(refused("a collection of fonts (TTC) is not supported"));
    }
    let mut too_large = None;
    let unpacked = decompress_woff2_with_custom_brotli(file, &mut |stream, length| {
        if let Err(error) = check_inflated(length as u64, max) {
            too_large = Some(error);
            return Err("too large".into());
        }
        let mut bytes = Vec::with_capacity(length);
        brotli_decompressor::Decompressor::new(stream, 4096)
            .take(length as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match (unpacked, too_large) {
        (_, Some(error)) => Err(error),
        (Ok(sfnt), None) => Ok(sfnt),
        (Err(_), None) => Err(broken("its WOFF2 wrapping is broken")),
    }
}

fn check_inflated(bytes: u64, max: usize) -> Result<(), ServiceError> {
    if bytes <= max as u64 {
        return Ok(());
    }
    Err(broken(format!(
        "it would have {bytes} bytes when inflated, and the maximum is {max}"
    )))
}
