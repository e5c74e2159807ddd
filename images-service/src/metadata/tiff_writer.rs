//! Writes a TIFF structure: the main directory, and the directories of EXIF and GPS that it refers to.

use std::collections::BTreeMap;

use super::tiff::{Field, Order};

/// The tag of the offset of the EXIF directory, which has the camera's settings.
pub(super) const EXIF_POINTER: u16 = 0x8769;
/// The tag of the offset of the GPS directory.
pub(super) const GPS_POINTER: u16 = 0x8825;

/// The maximum size of all fields in bytes. A segment of a JPEG has room for 64 KB.
pub(super) const MAX_SEGMENT_BYTES: usize = 60_000;

/// The fields of one directory, sorted by tag as TIFF requires.
pub(super) type Fields<'a> = BTreeMap<u16, Field<'a>>;

/// All directories of one structure.
pub(super) struct Directories<'a> {
    pub(super) main: Fields<'a>,
    pub(super) exif: Option<Fields<'a>>,
    pub(super) gps: Option<Fields<'a>>,
}

/// Returns the bytes of a field: its entry in the directory, and its value if the entry has no room for it.
pub(super) fn length(field: &Field<'_>) -> usize {
    12 + match field.value.len() {
        0..=4 => 0,
        length => length.next_multiple_of(2),
    }
}

/// Writes a number in four bytes. Every number here is below the 64 KB of a JPEG segment.
fn long(order: Order, number: usize) -> [u8; 4] {
    order.long_bytes(u32::try_from(number).unwrap_or(0))
}

/// Writes the header, then the main directory, then the directories that it refers to.
pub(super) fn write(order: Order, directories: Directories<'_>) -> Vec<u8> {
    let Directories { main, exif, gps } = directories;
    // The number of entries, the entries, and the offset of the next directory, which does not exist.
    let all = |fields: &Fields<'_>| 2 + fields.values().map(length).sum::<usize>() + 4;
    let pointers = usize::from(exif.is_some()) + usize::from(gps.is_some());
    let exif_at = 8 + all(&main) + 12 * pointers;
    let gps_at = exif_at + exif.as_ref().map_or(0, all);
    let [exif_at, gps_at] = [exif_at, gps_at].map(|at| long(order, at));
    let mut main: Fields<'_> = main;
    if exif.is_some() {
        main.insert(EXIF_POINTER, Field::long(&exif_at));
    }
    if gps.is_some() {
        main.insert(GPS_POINTER, Field::long(&gps_at));
    }
    let mut file = match order {
        Order::Little => b"II*\0".to_vec(),
        Order::Big => b"MM\0*".to_vec(),
    };
    file.extend(long(order, 8));
    for fields in [Some(main), exif, gps].into_iter().flatten() {
        write_directory(order, &fields, &mut file);
    }
    file
}

/// Appends a directory and its values.
fn write_directory(order: Order, fields: &Fields<'_>, file: &mut Vec<u8>) {
    let behind = file.len() + 2 + 12 * fields.len() + 4;
    let mut values = Vec::new();
    file.extend(order.short_bytes(u16::try_from(fields.len()).unwrap_or(0)));
    for (tag, field) in fields {
        file.extend(order.short_bytes(*tag));
        file.extend(order.short_bytes(field.kind));
        file.extend(order.long_bytes(field.count));
        let mut inside = [0; 4];
        match inside.get_mut(..field.value.len()) {
            Some(room) => room.copy_from_slice(field.value),
            None => {
                inside = long(order, behind + values.len());
                values.extend(field.value);
                values.resize(values.len().next_multiple_of(2), 0);
            }
        }
        file.extend(inside);
    }
    file.extend([0; 4]);
    file.extend(values);
}
