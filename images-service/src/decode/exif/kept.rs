//! EXIF of a picture that is written anew: every field that still holds, read within bounds and laid out again.

use std::collections::BTreeMap;

/// Bytes of the result: a segment of a JPEG has room for 64 KB.
const LARGEST: usize = 60_000;

const ORIENTATION: u16 = 0x0112;
/// Where the directory of the camera's settings begins.
const EXIF_POINTER: u16 = 0x8769;
/// Where the directory of the place begins.
const GPS_POINTER: u16 = 0x8825;

/// What holds no longer, or cannot be laid out again: sizes, layout and colours of the source's pixels, its density, places
/// in the source, other structures with metadata of their own, and what is not to be kept.
const DROPPED: [u16; 38] = [
    0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115, 0x0116, 0x0117, 0x011A, 0x011B, 0x011C,
    0x0128, 0x012D, 0x013E, 0x013F, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202, 0x0211,
    0x0212, 0x0213, 0x0214, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x927C, 0xA001, 0xA002, 0xA003, 0xA005,
    0xA500, 0xEA1C,
];

/// A structure with the fields that still hold, in the byte order of the source; `None` if there are none.
///
/// The picture stands upright by now, and so says its orientation. The directory of the thumbnail is not read.
pub(super) fn kept(tiff: &[u8]) -> Option<Vec<u8>> {
    let source = Tiff::of(tiff)?;
    let mut room = LARGEST;
    let mut main = source.directory(source.long_at(4)?, &mut room)?;
    let mut inner = |pointer| {
        let field = main.remove(&pointer)?;
        let at = source.order.long(*field.value.first_chunk()?);
        let mut fields = source.directory(at, &mut room)?;
        // Only the main directory has others.
        fields.retain(|tag, _| ![EXIF_POINTER, GPS_POINTER].contains(tag));
        (!fields.is_empty()).then_some(fields)
    };
    let (exif, gps) = (inner(EXIF_POINTER), inner(GPS_POINTER));
    let upright = source.order.of_short(1);
    if let Some(field) = main.get_mut(&ORIENTATION) {
        *field = Field::of(SHORT, &upright);
    }
    if main.is_empty() && exif.is_none() && gps.is_none() {
        return None;
    }
    Some(laid_out(source.order, main, exif, gps))
}

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// Bytes of one value of a kind; pointers to directories that are not known are none.
const fn unit(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// One field as it stands in its file.
#[derive(Clone, Copy)]
struct Field<'a> {
    kind: u16,
    count: u32,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// One number.
    const fn of(kind: u16, value: &'a [u8]) -> Self {
        Self {
            kind,
            count: 1,
            value,
        }
    }

    /// Bytes in the table and behind it.
    fn len(&self) -> usize {
        12 + match self.value.len() {
            0..=4 => 0,
            length => length.next_multiple_of(2),
        }
    }
}

/// A directory, in the order that the format asks for.
type Fields<'a> = BTreeMap<u16, Field<'a>>;

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn short(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn of_short(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// Every number here is within [`LARGEST`].
    fn of_long(self, number: usize) -> [u8; 4] {
        let number = u32::try_from(number).unwrap_or(0);
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl<'a> Tiff<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let order = match bytes.first_chunk::<4>()? {
            b"II*\0" => Order::Little,
            b"MM\0*" => Order::Big,
            _ => return None,
        };
        Some(Self { bytes, order })
    }

    fn at<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk::<N>().copied()
    }

    fn short_at(&self, at: usize) -> Option<u16> {
        Some(self.order.short(self.at(at)?))
    }

    fn long_at(&self, at: usize) -> Option<u32> {
        Some(self.order.long(self.at(at)?))
    }

    /// The fields of a directory that are to be kept and can be read, as long as there is room for them.
    fn directory(&self, at: u32, room: &mut usize) -> Option<Fields<'a>> {
        let at = usize::try_from(at).ok()?;
        let count = usize::from(self.short_at(at)?);
        let mut fields = Fields::new();
        for number in 0..count {
            let Some((tag, field)) = self.field(at.saturating_add(2 + 12 * number)) else {
                continue;
            };
            if DROPPED.contains(&tag) || fields.contains_key(&tag) {
                continue;
            }
            if let Some(left) = room.checked_sub(field.len()) {
                *room = left;
                fields.insert(tag, field);
            }
        }
        Some(fields)
    }

    fn field(&self, at: usize) -> Option<(u16, Field<'a>)> {
        let tag = self.short_at(at)?;
        let kind = self.short_at(at + 2)?;
        let count = self.long_at(at + 4)?;
        let length = unit(kind)?.checked_mul(usize::try_from(count).ok()?)?;
        let start = match length {
            0..=4 => at + 8,
            _ => usize::try_from(self.long_at(at + 8)?).ok()?,
        };
        let value = self.bytes.get(start..start.checked_add(length)?)?;
        Some((tag, Field { kind, count, value }))
    }
}

/// Header, the main directory, and the two that it points to.
fn laid_out(
    order: Order,
    main: Fields<'_>,
    exif: Option<Fields<'_>>,
    gps: Option<Fields<'_>>,
) -> Vec<u8> {
    // Number of entries, the entries, and the place of the next directory, of which there is none.
    let length = |fields: &Fields<'_>| 2 + fields.values().map(Field::len).sum::<usize>() + 4;
    let pointers = usize::from(exif.is_some()) + usize::from(gps.is_some());
    let exif_at = 8 + length(&main) + 12 * pointers;
    let gps_at = exif_at + exif.as_ref().map_or(0, length);
    let [exif_at, gps_at] = [exif_at, gps_at].map(|at| order.of_long(at));
    let mut main: Fields<'_> = main;
    if exif.is_some() {
        main.insert(EXIF_POINTER, Field::of(LONG, &exif_at));
    }
    if gps.is_some() {
        main.insert(GPS_POINTER, Field::of(LONG, &gps_at));
    }
    let mut file = match order {
        Order::Little => b"II*\0".to_vec(),
        Order::Big => b"MM\0*".to_vec(),
    };
    file.extend(order.of_long(8));
    for fields in [Some(main), exif, gps].into_iter().flatten() {
        write(order, &fields, &mut file);
    }
    file
}

/// Puts a directory and its values behind what is there.
fn write(order: Order, fields: &Fields<'_>, file: &mut Vec<u8>) {
    let behind = file.len() + 2 + 12 * fields.len() + 4;
    let mut values = Vec::new();
    file.extend(order.of_short(u16::try_from(fields.len()).unwrap_or(0)));
    for (tag, field) in fields {
        file.extend(order.of_short(*tag));
        file.extend(order.of_short(field.kind));
        file.extend(order.of_long(usize::try_from(field.count).unwrap_or(0)));
        let mut inside = [0; 4];
        match inside.get_mut(..field.value.len()) {
            Some(room) => room.copy_from_slice(field.value),
            None => {
                inside = order.of_long(behind + values.len());
                values.extend(field.value);
                values.resize(values.len().next_multiple_of(2), 0);
            }
        }
        file.extend(inside);
    }
    file.extend([0; 4]);
    file.extend(values);
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, kept};

    /// A structure of one directory at 8.
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
        // Its own directory once more, and nothing in it that is kept a second time.
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
        assert!(kept.len() <= LARGEST + 100, "{}", kept.len());
        assert!(kept.len() > LARGEST / 2);
    }
}
