//! The orientation of a stored picture, as the EXIF tag 0x0112 and the HEIF properties `irot` and `imir` express it.

pub(crate) use image::metadata::Orientation;
use safelight_protocol::Flip;

use crate::{
    image::Image,
    ops::{flip, rotate},
    options::Rotation,
};

/// The EXIF tag of the orientation.
pub(super) const TAG: u16 = 0x0112;

/// Returns the orientation for a value of the EXIF tag, 1 to 8. Any other value is upright.
pub(super) fn from_tag(tag: u32) -> Orientation {
    let known = u8::try_from(tag).ok().and_then(Orientation::from_exif);
    known.unwrap_or(Orientation::NoTransforms)
}

/// Whether the orientation exchanges width and height.
pub(crate) const fn is_transposed(orientation: Orientation) -> bool {
    Parts::new(orientation).quarters % 2 == 1
}

/// Returns the orientation followed by a rotation.
pub(crate) const fn then_rotated(orientation: Orientation, rotation: Rotation) -> Orientation {
    let parts = Parts::new(orientation);
    Parts {
        quarters: parts.quarters + quarters(rotation),
        ..parts
    }
    .orientation()
}

/// Returns the orientation followed by a mirroring.
pub(crate) const fn then_flipped(orientation: Orientation, axes: Flip) -> Orientation {
    let Parts { mirrored, quarters } = Parts::new(orientation);
    // A mirroring after a rotation equals the opposite rotation after the mirroring.
    let back = 4 - quarters;
    match axes {
        Flip::Horizontal => Parts {
            mirrored: !mirrored,
            quarters: back,
        },
        Flip::Vertical => Parts {
            mirrored: !mirrored,
            quarters: back + 2,
        },
        Flip::Both => Parts {
            mirrored,
            quarters: quarters + 2,
        },
    }
    .orientation()
}

/// Applies an orientation to a stored picture.
pub(crate) fn upright(orientation: Orientation, image: Image) -> Image {
    let Parts { mirrored, quarters } = Parts::new(orientation);
    let image = match mirrored {
        true => flip(image, Flip::Horizontal),
        false => image,
    };
    rotate(
        image,
        match quarters {
            0 => Rotation::None,
            1 => Rotation::Quarter,
            2 => Rotation::Half,
            _ => Rotation::ThreeQuarters,
        },
    )
}

/// An orientation in two operations: first mirrored from left to right, then rotated clockwise by quarters of a turn.
#[derive(Clone, Copy)]
struct Parts {
    mirrored: bool,
    quarters: u8,
}

impl Parts {
    const fn new(orientation: Orientation) -> Self {
        let (mirrored, quarters) = match orientation {
            Orientation::NoTransforms => (false, 0),
            Orientation::Rotate90 => (false, 1),
            Orientation::Rotate180 => (false, 2),
            Orientation::Rotate270 => (false, 3),
            Orientation::FlipHorizontal => (true, 0),
            Orientation::Rotate270FlipH => (true, 1),
            Orientation::FlipVertical => (true, 2),
            Orientation::Rotate90FlipH => (true, 3),
        };
        Self { mirrored, quarters }
    }

    const fn orientation(self) -> Orientation {
        match (self.mirrored, self.quarters % 4) {
            (false, 0) => Orientation::NoTransforms,
            (false, 1) => Orientation::Rotate90,
            (false, 2) => Orientation::Rotate180,
            (false, _) => Orientation::Rotate270,
            (true, 0) => Orientation::FlipHorizontal,
            (true, 1) => Orientation::Rotate270FlipH,
            (true, 2) => Orientation::FlipVertical,
            (true, _) => Orientation::Rotate90FlipH,
        }
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

#[cfg(test)]
mod tests {
    use safelight_protocol::Flip;

    use super::{from_tag, is_transposed, then_flipped, then_rotated, upright};
    use crate::{
        ops::{flip, numbered, rotate},
        options::Rotation,
    };

    #[test]
    fn what_is_done_afterwards_can_be_done_at_once() {
        for tag in 1..=8 {
            let first = from_tag(tag);
            for turn in [Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
                let both = rotate(upright(first, numbered(3, 2)), turn);
                assert!(upright(then_rotated(first, turn), numbered(3, 2)) == both);
            }
            for axes in [Flip::Horizontal, Flip::Vertical, Flip::Both] {
                let both = flip(upright(first, numbered(3, 2)), axes);
                assert!(upright(then_flipped(first, axes), numbered(3, 2)) == both);
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
            let orientation = from_tag(tag);
            let upright = upright(orientation, numbered(3, 2));
            let values: Vec<u8> = upright.data().chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!(
                (upright.size().width, &values[..]),
                (columns, &expected[..]),
                "{tag}"
            );
            assert_eq!(is_transposed(orientation), columns == 2, "{tag}");
        }
    }
}
