//! The orientation of a stored picture, as the EXIF tag 0x0112 and the HEIF properties `irot` and `imir` express it.

use safelight_protocol::Flip;

use crate::{
    image::Image,
    ops::{flip, rotate},
    options::Rotation,
};

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
            flip(image, Flip::Horizontal)
        } else {
            image
        };
        rotate(image, self.rotation)
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

    use super::Orientation;
    use crate::{
        ops::{flip, numbered, rotate},
        options::Rotation,
    };

    #[test]
    fn what_is_done_afterwards_can_be_done_at_once() {
        for tag in 1..=8 {
            let first = Orientation::of(tag);
            for turn in [Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
                let both = rotate(first.upright(numbered(3, 2)), turn);
                assert!(first.then_turned(turn).upright(numbered(3, 2)) == both);
            }
            for axes in [Flip::Horizontal, Flip::Vertical, Flip::Both] {
                let both = flip(first.upright(numbered(3, 2)), axes);
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
}
