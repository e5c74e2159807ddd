//! The two fields of EXIF that matter here: which side is up, and whose picture it is; and all of it, for who asks.

mod kept;
mod tiff;

use safelight_protocol::Flip;

use self::tiff::{Field, Tiff};
use crate::{image::Image, ops::Op, request::Rotation};

/// Bytes of the largest structure that is kept: in JPEG there is room for 64 KB, of which thumbnails are a part.
const LARGEST: usize = 256 * 1024;

/// What is read of EXIF. What cannot be read counts as absent: the pixels do not depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exif {
    pub(super) orientation: Orientation,
    pub(super) copyright: Option<Vec<u8>>,
    /// The structure itself, unless it is too large to be kept.
    pub(super) tiff: Option<Vec<u8>>,
}

impl Exif {
    /// Reads a TIFF structure, without the name that some formats put before it.
    pub(super) fn read(tiff: Option<Vec<u8>>) -> Self {
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
            tiff: (tiff.len() <= LARGEST).then_some(tiff),
        }
    }

    /// All that still holds when the picture has been turned, changed and written anew.
    pub(super) fn kept(&self) -> Option<Vec<u8>> {
        self.tiff.as_deref().and_then(kept::kept)
    }
}

const ORIENTATION: u16 = 0x0112;
const COPYRIGHT: u16 = 0x8298;

/// Both fields, each where it comes first. They stand in the main directory, and no other one is looked at.
fn main_fields(tiff: &[u8]) -> Option<(Orientation, Option<Vec<u8>>)> {
    let tiff = Tiff::of(tiff)?;
    let (mut orientation, mut copyright) = (None, None);
    for (tag, field) in tiff.main()? {
        match tag {
            ORIENTATION => orientation = orientation.or_else(|| tiff.number(field)),
            COPYRIGHT => copyright = copyright.or_else(|| notice(field)),
            _ => {}
        }
    }
    let orientation = orientation.map_or(Orientation::default(), Orientation::of);
    Some((orientation, copyright.map(<[u8]>::to_vec)))
}

/// The notice, which may have several parts with zero bytes between them; `None` if all are empty.
fn notice(field: Field<'_>) -> Option<&[u8]> {
    let text = field.value.strip_suffix(&[0]).unwrap_or(field.value);
    let says_something = field.kind == Field::ASCII && text.iter().any(|byte| *byte != 0);
    says_something.then_some(text)
}

/// How the stored picture has to be turned to stand upright: first mirrored, then rotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    mirrored: bool,
    rotation: Rotation,
}

impl Orientation {
    /// By the value of the EXIF tag, 1 to 8; anything else is upright.
    #[must_use]
    pub const fn of(tag: u32) -> Self {
        let (mirrored, rotation) = match tag {
            2 => (true, Rotation::None),
            3 => (false, Rotation::Half),
            4 => (true, Rotation::Half),
            5 => (true, Rotation::ThreeQuarters),
            6 => (false, Rotation::Quarter),
            7 => (true, Rotation::Quarter),
            8 => (false, Rotation::ThreeQuarters),
            _ => (false, Rotation::None),
        };
        Self { mirrored, rotation }
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn is_transposed(self) -> bool {
        matches!(self.rotation, Rotation::Quarter | Rotation::ThreeQuarters)
    }

    /// The same, and turned afterwards.
    #[must_use]
    pub const fn then_turned(self, turn: Rotation) -> Self {
        Self {
            rotation: of_quarters(quarters(self.rotation) + quarters(turn)),
            ..self
        }
    }

    /// The same, and mirrored afterwards.
    #[must_use]
    pub const fn then_mirrored(self, axes: Flip) -> Self {
        // What is mirrored after a turn is turned the other way after its mirroring.
        let back = 4 - quarters(self.rotation);
        match axes {
            Flip::Horizontal => Self {
                mirrored: !self.mirrored,
                rotation: of_quarters(back),
            },
            Flip::Vertical => Self {
                mirrored: !self.mirrored,
                rotation: of_quarters(back + 2),
            },
            Flip::Both => self.then_turned(Rotation::Half),
        }
    }

    /// Turns the picture upright.
    #[must_use]
    pub fn upright(self, image: Image) -> Image {
        let image = if self.mirrored {
            Op::mirror(image, Flip::Horizontal)
        } else {
            image
        };
        Op::turn(image, self.rotation)
    }
}

const fn quarters(rotation: Rotation) -> u8 {
    match rotation {
        Rotation::None => 0,
        Rotation::Quarter => 1,
        Rotation::Half => 2,
        Rotation::ThreeQuarters => 3,
    }
}

const fn of_quarters(quarters: u8) -> Rotation {
    match quarters % 4 {
        0 => Rotation::None,
        1 => Rotation::Quarter,
        2 => Rotation::Half,
        _ => Rotation::ThreeQuarters,
    }
}

#[cfg(test)]
mod tests {
    use safelight_protocol::Flip;

    use super::{Exif, Orientation};
    use crate::{
        ops::{Op, numbered},
        request::Rotation,
    };

    #[test]
    fn what_is_done_afterwards_can_be_done_at_once() {
        for tag in 1..=8 {
            let first = Orientation::of(tag);
            for turn in [Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
                let both = Op::turn(first.upright(numbered(3, 2)), turn);
                assert!(first.then_turned(turn).upright(numbered(3, 2)) == both);
            }
            for axes in [Flip::Horizontal, Flip::Vertical, Flip::Both] {
                let both = Op::mirror(first.upright(numbered(3, 2)), axes);
                assert!(first.then_mirrored(axes).upright(numbered(3, 2)) == both);
            }
        }
    }

    #[test]
    fn every_orientation_stands_upright() {
        // Stored as     1 2 3
        //               4 5 6
        for (tag, columns, expected) in [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
            (0, 3, [1, 2, 3, 4, 5, 6]),
            (9, 3, [1, 2, 3, 4, 5, 6]),
        ] {
            let orientation = Orientation::of(tag);
            let upright = orientation.upright(numbered(3, 2));
            let values: Vec<u8> = upright.data().chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!(
                (upright.size().width, &values[..]),
                (columns, &expected[..]),
                "{tag}"
            );
            assert_eq!(orientation.is_transposed(), columns == 2, "{tag}");
        }
    }

    #[test]
    fn unreadable_exif_says_nothing() {
        for tiff in [
            &b""[..],
            b"II*\0",
            b"II*\0\xFF\xFF\xFF\xFF",
            b"Exif\0\0MM\0*\0\0\0\x08\xFF\xFF",
        ] {
            let exif = Exif::read(Some(tiff.to_vec()));
            assert_eq!(exif.orientation, Orientation::default());
            assert_eq!((exif.copyright.clone(), exif.kept()), (None, None));
        }
    }

    /// A directory of fields of numbers, each by its tag and its value.
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
        // A directory that is not there, and a text that lies outside.
        let mut broken = directory(&[(0x8825, 90_000), (0x010F, 90_000), (0x0112, 6)]);
        broken[2 + 12 + 2] = 2;
        broken[2 + 12 + 4] = 200;
        assert_eq!(read(&[broken]).orientation, Orientation::of(6));
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
        assert_eq!(exif.orientation, Orientation::of(8));
        // So is what a pointer that stands there a thousand times leads to.
        let mut main = vec![(0x8769, 8 + 2 + 12 * 1_001 + 4); 1_000];
        main.push((0x0112, 3));
        let exif = read(&[directory(&main), all(0xA005, 8), all(0x0001, 0)]);
        assert_eq!(exif.orientation, Orientation::of(3));
        assert!(exif.kept().is_some_and(|kept| kept.len() < 100));
    }
}
