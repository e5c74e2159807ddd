//! Reads EXIF: the orientation, the copyright notice, and the whole structure for a caller that keeps it.

use super::{
    filter,
    orientation::{self, Orientation, from_tag},
    tiff::{Field, Tiff},
};

/// The maximum size of a structure that is kept, in bytes. JPEG has room for 64 KB, thumbnails included.
const MAX_BYTES: usize = 256 * 1024;

/// The fields of EXIF that are read. A field that cannot be read counts as absent, because the pixels do not depend on
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exif {
    pub(crate) orientation: Orientation,
    pub(crate) copyright: Option<Vec<u8>>,
    /// The structure itself, unless it is too large to be kept.
    pub(crate) tiff: Option<Vec<u8>>,
}

impl Default for Exif {
    fn default() -> Self {
        Self {
            orientation: Orientation::NoTransforms,
            copyright: None,
            tiff: None,
        }
    }
}

impl Exif {
    /// Reads a TIFF structure. The name that some formats put before it is removed.
    pub(crate) fn read(tiff: Option<Vec<u8>>) -> Self {
        let Some(mut tiff) = tiff else {
            return Self::default();
        };
        if tiff.starts_with(b"Exif\0\0") {
            tiff.drain(..6);
        }
        let Some((orientation, copyright)) = main_fields(&tiff) else {
            return Self::default();
        };
        Self {
            orientation,
            copyright,
            tiff: (tiff.len() <= MAX_BYTES).then_some(tiff),
        }
    }

    /// Returns the fields that are still true after the picture has been turned, changed and encoded.
    pub(crate) fn kept(&self) -> Option<Vec<u8>> {
        self.tiff.as_deref().and_then(filter::kept)
    }
}

pub(super) const COPYRIGHT: u16 = 0x8298;

/// Reads both fields from the main directory, each at its first entry. Other directories are not read.
fn main_fields(tiff: &[u8]) -> Option<(Orientation, Option<Vec<u8>>)> {
    let tiff = Tiff::parse(tiff)?;
    let (mut orientation, mut copyright) = (None, None);
    for (tag, field) in tiff.main()? {
        match tag {
            orientation::TAG => orientation = orientation.or_else(|| tiff.number(field)),
            COPYRIGHT => copyright = copyright.or_else(|| notice(field)),
            _ => {}
        }
    }
    let orientation = orientation.map_or(Orientation::NoTransforms, from_tag);
    Some((orientation, copyright.map(<[u8]>::to_vec)))
}

/// Returns the notice, which may have several parts with zero bytes between them; `None` if all are empty.
fn notice(field: Field<'_>) -> Option<&[u8]> {
    let text = field.value.strip_suffix(&[0]).unwrap_or(field.value);
    let says_something = field.kind == Field::ASCII && text.iter().any(|byte| *byte != 0);
    says_something.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Exif, Orientation, from_tag};

    #[test]
    fn unreadable_exif_says_nothing() {
        for tiff in [
            &b""[..],
            b"II*\0",
            b"II*\0\xFF\xFF\xFF\xFF",
            b"Exif\0\0MM\0*\0\0\0\x08\xFF\xFF",
        ] {
            let exif = Exif::read(Some(tiff.to_vec()));
            assert_eq!(exif.orientation, Orientation::NoTransforms);
            assert_eq!((exif.copyright.clone(), exif.kept()), (None, None));
        }
    }

    /// Returns a directory of fields of numbers, each with its tag and its value.
    fn directory(fields: &[(u16, u32)]) -> Vec<u8> {
        let count = u16::try_from(fields.len()).unwrap();
        let mut bytes = count.to_le_bytes().to_vec();
        for (tag, value) in fields {
            bytes.extend(tag.to_le_bytes());
            bytes.extend([4, 0, 1, 0, 0, 0]);
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes
    }

    fn read(directories: &[Vec<u8>]) -> Exif {
        Exif::read(Some([b"II*\0\x08\0\0\0", &*directories.concat()].concat()))
    }

    #[test]
    fn a_broken_field_costs_no_other() {
        // A directory that does not exist, and a text outside of the structure.
        let mut broken = directory(&[(0x8825, 90_000), (0x010F, 90_000), (0x0112, 6)]);
        broken[2 + 12 + 2] = 2;
        broken[2 + 12 + 4] = 200;
        assert_eq!(read(&[broken]).orientation, from_tag(6));
    }

    #[test]
    fn directories_that_point_to_each_other_over_and_over_are_not_followed() {
        const MANY: u16 = 1_700;
        let length = 2 + 12 * u32::from(MANY) + 4;
        let all = |tag, place| directory(&vec![(tag, place); usize::from(MANY)]);
        let exif = read(&[
            directory(&[(0x0112, 8), (0x8769, 8 + 30)]),
            all(0xA005, 8 + 30 + length),
            all(0xA005, 8 + 30 + 2 * length),
            all(0x0001, 0),
        ]);
        assert_eq!(exif.orientation, from_tag(8));
        // The same holds for the target of a pointer that is listed a thousand times.
        let mut main = vec![(0x8769, 8 + 2 + 12 * 1_001 + 4); 1_000];
        main.push((0x0112, 3));
        let exif = read(&[directory(&main), all(0xA005, 8), all(0x0001, 0)]);
        assert_eq!(exif.orientation, from_tag(3));
        assert!(exif.kept().is_some_and(|kept| kept.len() < 100));
    }
}
