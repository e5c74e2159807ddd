//! Fonts compressed for the web: WOFF, a table at a time, and WOFF2, all tables as one stream.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::font::{broken, u16_at, u32_at};
use crate::error::ServiceError;

/// Bytes of a WOFF file before its list of tables, and of one entry of it.
const HEAD: usize = 44;
const ENTRY: usize = 20;
/// The same of the file that comes out.
const SFNT_HEAD: usize = 12;
const SFNT_ENTRY: usize = 16;

/// Unpacks WOFF. What its tables will have together is known before the first is inflated.
pub(super) fn one(file: &[u8], most: usize) -> Result<Vec<u8>, ServiceError> {
    let cut_short = || broken("its WOFF wrapping is cut short");
    let count = u16_at(file, 12).ok_or_else(cut_short)?;
    let entries = file
        .get(HEAD..HEAD + ENTRY * usize::from(count))
        .ok_or_else(cut_short)?;
    let tables: Vec<Table<'_>> = entries
        .chunks_exact(ENTRY)
        .map(|entry| Table::of(file, entry).ok_or_else(cut_short))
        .collect::<Result<_, _>>()?;

    let head = SFNT_HEAD + SFNT_ENTRY * tables.len();
    let all = tables
        .iter()
        .fold(head, |sum, table| sum.saturating_add(padded(table.length)));
    check_inflated(all, most)?;

    let mut sfnt = Vec::with_capacity(all);
    sfnt.extend_from_slice(file.get(4..8).ok_or_else(cut_short)?);
    sfnt.extend_from_slice(&count.to_be_bytes());
    // What follows helps a binary search that nobody does here.
    sfnt.resize(SFNT_HEAD, 0);
    let mut offset = head;
    for table in &tables {
        sfnt.extend_from_slice(table.tag_and_sum.0);
        sfnt.extend_from_slice(table.tag_and_sum.1);
        for number in [offset, table.length] {
            let number = u32::try_from(number).map_err(|_| broken("it is too large"))?;
            sfnt.extend_from_slice(&number.to_be_bytes());
        }
        offset += padded(table.length);
    }
    for table in &tables {
        table.inflate_into(&mut sfnt)?;
        sfnt.resize(padded(sfnt.len()), 0);
    }
    Ok(sfnt)
}

/// Unpacks WOFF2.
pub(super) fn two(file: &[u8], most: usize) -> Result<Vec<u8>, ServiceError> {
    if file.get(4..8) == Some(b"ttcf") {
        return Err(super::refused(
            "a collection of fonts (TTC) is not supported",
        ));
    }
    let mut refused = None;
    let unpacked = wuff::decompress_woff2_with_custom_brotli(file, &mut |stream, length| {
        if let Err(error) = check_inflated(length, most) {
            refused = Some(error);
            return Err("too large".into());
        }
        let mut bytes = Vec::with_capacity(length);
        brotli_decompressor::Decompressor::new(stream, 4096)
            .take(length as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match (unpacked, refused) {
        (_, Some(error)) => Err(error),
        (Ok(sfnt), None) => Ok(sfnt),
        (Err(_), None) => Err(broken("its WOFF2 wrapping is broken")),
    }
}

/// One table of a WOFF file.
struct Table<'a> {
    tag_and_sum: (&'a [u8], &'a [u8]),
    content: &'a [u8],
    /// Bytes of it once it is inflated.
    length: usize,
}

impl<'a> Table<'a> {
    /// The table of an entry; `None` if the file does not have all of it.
    fn of(file: &'a [u8], entry: &'a [u8]) -> Option<Self> {
        let number = |at| usize::try_from(u32_at(entry, at)?).ok();
        let (offset, stored) = (number(4)?, number(8)?);
        Some(Self {
            tag_and_sum: (entry.get(..4)?, entry.get(16..)?),
            content: file.get(offset..offset.checked_add(stored)?)?,
            length: number(12)?,
        })
    }

    fn inflate_into(&self, sfnt: &mut Vec<u8>) -> Result<(), ServiceError> {
        let wrong = || broken("a table of its WOFF wrapping is broken");
        // A table that compression would not make smaller is stored as it is.
        if self.content.len() == self.length {
            sfnt.extend_from_slice(self.content);
            return Ok(());
        }
        let before = sfnt.len();
        // A byte more than it should have is enough to see that there are too many.
        ZlibDecoder::new(self.content)
            .take(self.length as u64 + 1)
            .read_to_end(sfnt)
            .map_err(|_| wrong())?;
        if sfnt.len() - before == self.length {
            Ok(())
        } else {
            Err(wrong())
        }
    }
}

fn check_inflated(bytes: usize, most: usize) -> Result<(), ServiceError> {
    if bytes <= most {
        return Ok(());
    }
    Err(broken(format!(
        "it would have {bytes} bytes when inflated, and the maximum is {most}"
    )))
}

/// Tables begin at a multiple of four bytes.
const fn padded(length: usize) -> usize {
    length.saturating_add(3) & !3
}
