//! Reads TIFF structures, the container of EXIF: directories of fields, each on demand and within bounds.
//!
//! Directories may refer to each other, and to each other's bytes, any number of times. No reference is therefore
//! followed unless its directory is asked for.

const SHORT: u16 = 3;

/// Returns the bytes of one value of a kind. An unknown kind has none, nor has kind 13 (IFD), which refers to a directory.
const fn unit(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// One field as the file has it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) kind: u16,
    pub(super) count: u32,
    pub(super) value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The kind of a text that ends with a zero byte.
    pub(super) const ASCII: u16 = 2;
    /// The kind of numbers of four bytes.
    pub(super) const LONG: u16 = 4;

    /// Creates a text, which ends with a zero byte.
    pub(super) fn ascii(value: &'a [u8]) -> Self {
        Self {
            kind: Self::ASCII,
            count: u32::try_from(value.len()).unwrap_or(0),
            value,
        }
    }

    /// Creates a field of one number of two bytes.
    pub(super) const fn short(value: &'a [u8; 2]) -> Self {
        Self::one(SHORT, value)
    }

    /// Creates a field of one number of four bytes.
    pub(super) const fn long(value: &'a [u8; 4]) -> Self {
        Self::one(Self::LONG, value)
    }

    const fn one(kind: u16, value: &'a [u8]) -> Self {
        Self {
            kind,
            count: 1,
            value,
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Order {
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

    pub(super) fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn short_bytes(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn long_bytes(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// A structure of which the header alone is read.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    pub(super) order: Order,
}

impl<'a> Tiff<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let order = match bytes.first_chunk::<4>()? {
            b"II*\0" => Order::Little,
            b"MM\0*" => Order::Big,
            _ => return None,
        };
        Some(Self { bytes, order })
    }

    /// Iterates over the fields of the first directory.
    pub(super) fn main(self) -> Option<impl Iterator<Item = (u16, Field<'a>)>> {
        self.directory(self.long_at(4)?)
    }

    /// Iterates over the fields of a directory that can be read, each with its tag. Returns `None` if the directory
    /// lies outside.
    pub(super) fn directory(self, at: u32) -> Option<impl Iterator<Item = (u16, Field<'a>)>> {
        let at = usize::try_from(at).ok()?;
        let count = usize::from(self.short_at(at)?);
        Some((0..count).filter_map(move |number| self.field(at.saturating_add(2 + 12 * number))))
    }

    /// Returns the number in a field of one number.
    pub(super) fn number(self, field: Field<'a>) -> Option<u32> {
        match (field.kind, field.value) {
            (1, [number, ..]) => Some(u32::from(*number)),
            (SHORT, value) => Some(u32::from(self.order.short(*value.first_chunk()?))),
            (Field::LONG, value) => Some(self.order.long(*value.first_chunk()?)),
            _ => None,
        }
    }

    fn at<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk::<N>().copied()
    }

    fn short_at(self, at: usize) -> Option<u16> {
        Some(self.order.short(self.at(at)?))
    }

    fn long_at(self, at: usize) -> Option<u32> {
        Some(self.order.long(self.at(at)?))
    }

    fn field(self, at: usize) -> Option<(u16, Field<'a>)> {
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
