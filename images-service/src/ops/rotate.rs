//! Rotates a picture by quarters of a turn, clockwise.

use safelight_protocol::Flip;

use super::flip::flip;
use crate::{
    image::{Channels, Image},
    options::Rotation,
};

/// Rotates the picture.
pub(crate) fn rotate(image: Image, rotation: Rotation) -> Image {
    match rotation {
        Rotation::None => image,
        Rotation::Quarter => quarter(&image, Turn::Clockwise),
        Rotation::Half => flip(image, Flip::Both),
        Rotation::ThreeQuarters => quarter(&image, Turn::Anticlockwise),
    }
}

#[derive(Clone, Copy)]
enum Turn {
    Clockwise,
    Anticlockwise,
}

fn quarter(image: &Image, turn: Turn) -> Image {
    match image.channels() {
        Channels::Rgb => rotate_quarter::<3>(image, turn),
        Channels::Rgba => rotate_quarter::<4>(image, turn),
    }
}

fn rotate_quarter<const PIXEL: usize>(image: &Image, turn: Turn) -> Image {
    /// The side of the square that is rotated at a time: both its rows and its columns stay in the cache.
    const TILE: usize = 32;

    let (width, height) = (image.size().width as usize, image.size().height as usize);
    let mut turned = Image::filled(image.size().transposed(), image.channels(), [0; 4]);
    let (source, _) = image.data().as_chunks::<PIXEL>();
    let (target, _) = turned.data_mut().as_chunks_mut::<PIXEL>();
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            for x in left..width.min(left + TILE) {
                for y in top..height.min(top + TILE) {
                    let at = match turn {
                        Turn::Clockwise => x * height + (height - 1 - y),
                        Turn::Anticlockwise => (width - 1 - x) * height + y,
                    };
                    target[at] = source[y * width + x];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::rotate;
    use crate::{
        ops::numbered,
        options::{Rotation, Size},
    };

    #[test]
    fn a_turn_is_clockwise() {
        // 1 2 3      4 1
        // 4 5 6  →   5 2
        //            6 3
        for (rotation, size, expected) in [
            (Rotation::None, Size::new(3, 2), [1, 2, 3, 4, 5, 6]),
            (Rotation::Quarter, Size::new(2, 3), [4, 1, 5, 2, 6, 3]),
            (Rotation::Half, Size::new(3, 2), [6, 5, 4, 3, 2, 1]),
            (Rotation::ThreeQuarters, Size::new(2, 3), [3, 6, 2, 5, 1, 4]),
        ] {
            let turned = rotate(numbered(3, 2), rotation);
            let values: Vec<u8> = turned.data().chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!(
                (turned.size(), values.as_slice()),
                (size, &expected[..]),
                "{rotation:?}"
            );
        }
    }

    #[test]
    fn pictures_larger_than_a_tile_turn_as_a_whole() {
        let image = numbered(67, 35);
        let mut turned = image.clone();
        for _ in 0..4 {
            turned = rotate(turned, Rotation::Quarter);
        }
        assert!(turned == image, "four quarters are nothing");
        let half = rotate(rotate(image.clone(), Rotation::Quarter), Rotation::Quarter);
        assert!(
            half == rotate(image, Rotation::Half),
            "two quarters are a half"
        );
    }
}
