//! Filters EXIF for a result: keeps the fields that are still true, within bounds, and writes them anew.

use super::{
    orientation,
    tiff::{Field, Tiff},
    tiff_writer::{self, Directories, EXIF_POINTER, Fields, GPS_POINTER, MAX_SEGMENT_BYTES},
};

/// The tags that are dropped, because they are not true of the result or cannot be moved: sizes, layout and colours of
/// the source's pixels, its density, offsets in the source, other structures with metadata of their own, maker
/// notes, and padding.
const DROPPED: [u16; 38] = [
    0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115, 0x0116, 0x0117, 0x011A, 0x011B, 0x011C,
    0x0128, 0x012D, 0x013E, 0x013F, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202, 0x0211,
    0x0212, 0x0213, 0x0214, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x927C, 0xA001, 0xA002, 0xA003, 0xA005,
    0xA500, 0xEA1C,
];

/// Returns a structure with the fields that are still true, in the byte order of the source; `None` if there are none.
///
/// The result is upright, and its orientation says so. The directory of the thumbnail is not read.
pub(super) fn kept(tiff: &[u8]) -> Option<Vec<u8>> {
    let source = Tiff::parse(tiff)?;
    let mut room = MAX_SEGMENT_BYTES;
    let mut main = chosen(source.main()?, &mut room);
    let mut inner = |pointer| {
        let field = main.remove(&pointer)?;
        let at = source.order.long(*field.value.first_chunk()?);
        let mut fields = chosen(source.directory(at)?, &mut room);
        // Only the main directory refers to others.
        fields.retain(|tag, _| ![EXIF_POINTER, GPS_POINTER].contains(tag));
        (!fields.is_empty()).then_some(fields)
    };
    let (exif, gps) = (inner(EXIF_POINTER), inner(GPS_POINTER));
    let upright = source.order.short_bytes(1);
    if let Some(field) = main.get_mut(&orientation::TAG) {
        *field = Field::short(&upright);
    }
    if main.is_empty() && exif.is_none() && gps.is_none() {
        return None;
    }
    let directories = Directories { main, exif, gps };
    Some(tiff_writer::write(source.order, directories))
}

/// Returns the fields that are kept, as long as there is room for them.
fn chosen<'a>(all: impl Iterator<Item = (u16, Field<'a>)>, room: &mut usize) -> Fields<'a> {
    let mut fields = Fields::new();
    for (tag, field) in all {
        if DROPPED.contains(&tag) || fields.contains_key(&tag) {
            continue;
        }
        if let Some(left) = room.checked_sub(tiff_writer::length(&field)) {
            *room = left;
            fields.insert(tag, field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::{MAX_SEGMENT_BYTES, kept};

    /// Returns a structure of one directory at offset 8.
    fn tiff(entries: &[[u8; 12]], behind: &[u8]) -> Vec<u8> {
        let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
        [
            b"II*\0\x08\0\0\0",
            &count[..],
            &entries.concat(),
            &[0; 4],
            behind,
        ]
        .concat()
    }

    fn entry(tag: u16, kind: u16, count: u32, value: u32) -> [u8; 12] {
        let mut entry = [0; 12];
        entry[..2].copy_from_slice(&tag.to_le_bytes());
        entry[2..4].copy_from_slice(&kind.to_le_bytes());
        entry[4..8].copy_from_slice(&count.to_le_bytes());
        entry[8..].copy_from_slice(&value.to_le_bytes());
        entry
    }

    #[test]
    fn orientation_becomes_upright_and_sizes_go() {
        let before = tiff(&[entry(0x0112, 3, 1, 6), entry(0x0100, 4, 1, 640)], b"");
        let after = tiff(&[entry(0x0112, 3, 1, 1)], b"");
        assert_eq!(kept(&before), Some(after));
        assert_eq!(kept(&tiff(&[entry(0x0100, 4, 1, 640)], b"")), None);
    }

    #[test]
    fn what_lies_outside_or_points_to_itself_is_left_out() {
        let outside = entry(0x010F, 2, 4_000_000_000, 26);
        let endless = entry(0x8769, 4, 1, 8);
        let unknown = entry(0x0110, 13, 1, 8);
        assert_eq!(kept(&tiff(&[outside, unknown], b"")), None);
        // The directory refers to itself, and nothing in it is kept a second time.
        let once = kept(&tiff(&[endless, entry(0x0112, 3, 1, 1)], b"")).unwrap();
        assert!(once.len() < 100);
        for cut in 0..26 {
            assert_eq!(kept(&tiff(&[endless], b"")[..cut]), None);
        }
    }

    #[test]
    fn many_fields_that_share_their_bytes_stay_within_a_segment() {
        let text = [b'x'; 10_000];
        let at = 8 + 2 + 12 * 1000 + 4;
        let entries: Vec<_> = (0x4000..0x4000 + 1000)
            .map(|tag| entry(tag, 2, 10_000, at))
            .collect();
        let kept = kept(&tiff(&entries, &text)).unwrap();
        assert!(kept.len() <= MAX_SEGMENT_BYTES + 100, "{}", kept.len());
        assert!(kept.len() > MAX_SEGMENT_BYTES / 2);
    }
}
