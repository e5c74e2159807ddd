//! One picture on top of another.

use crate::{
    geometry::{Overlap, overlap, position},
    image::{Channels, Image},
    request::Draw,
};

/// Draws the overlay onto the base, which keeps its size. What lies outside is not drawn.
pub fn draw(base: &mut Image, overlay: &Image, options: &Draw) {
    let (canvas, size) = (base.size(), overlay.size());
    let x = position(canvas.width, size.width, options.horizontal);
    let y = position(canvas.height, size.height, options.vertical);
    let Some(overlap) = overlap(canvas, size, x, y) else {
        return;
    };
    if options.opacity > 0.0 {
        blend(base, overlay, overlap, options.opacity);
    }
}

fn blend(base: &mut Image, overlay: &Image, overlap: Overlap, opacity: f32) {
    let rows = overlap.part.size.height as usize;
    let columns = overlap.part.size.width as usize;
    let from = (overlay.stride(), overlay.channels().count());
    let to = (base.stride(), base.channels().count());
    let opaque_base = base.channels() == Channels::Rgb;
    for row in 0..rows {
        let start =
            (overlap.part.top as usize + row) * from.0 + overlap.part.left as usize * from.1;
        let above = &overlay.data()[start..start + columns * from.1];
        let start = (overlap.top as usize + row) * to.0 + overlap.left as usize * to.1;
        let below = &mut base.data_mut()[start..start + columns * to.1];
        for (above, below) in above.chunks_exact(from.1).zip(below.chunks_exact_mut(to.1)) {
            let alpha = above.get(3).copied().unwrap_or(255);
            let above = [above[0], above[1], above[2], alpha];
            if opaque_base {
                let [r, g, b, _] = over(above, [below[0], below[1], below[2], 255], opacity);
                below.copy_from_slice(&[r, g, b]);
            } else {
                let mixed = over(above, [below[0], below[1], below[2], below[3]], opacity);
                below.copy_from_slice(&mixed);
            }
        }
    }
}

/// Source-over on straight 8-bit values: `S + B(1 − Sa)`, rounded half up; nothing visible is (0,0,0,0).
///
/// Everything is kept over a common denominator until the one division, so that halves stay exact: 50 % red over
/// white is 128, not 127.
pub(super) fn over(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let alpha = f32::from(above[3]) * opacity;
    if alpha >= 255.0 {
        return above;
    }
    let upper = alpha * 255.0;
    let lower = f32::from(below[3]) * (255.0 - alpha);
    let whole = upper + lower;
    if whole <= 0.0 {
        return [0; 4];
    }
    let mix = |above: u8, below: u8| {
        to_byte((f32::from(above) * upper + f32::from(below) * lower) / whole)
    };
    [
        mix(above[0], below[0]),
        mix(above[1], below[1]),
        mix(above[2], below[2]),
        to_byte(whole / 255.0),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the value lies in 0..=255"
)]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::over;

    #[test]
    fn half_red_over_white_rounds_half_up() {
        assert_eq!(over([255, 0, 0, 255], [255; 4], 0.5), [255, 128, 128, 255]);
    }

    #[test]
    fn half_red_over_blue_is_the_specifications_vector() {
        assert_eq!(
            over([255, 0, 0, 255], [0, 0, 255, 255], 0.5),
            [128, 0, 128, 255]
        );
    }

    #[test]
    fn an_opaque_base_stays_opaque_and_no_colour_leaves_the_range_of_its_parents() {
        for alpha in 0..=255 {
            for below in [0, 1, 127, 254, 255] {
                let mixed = over([200, 0, 255, alpha], [below, below, below, 255], 1.0);
                assert_eq!(mixed[3], 255);
                assert!(mixed[1] <= below && mixed[2] >= below, "{mixed:?}");
            }
        }
    }

    #[test]
    fn whole_numbers_agree_with_exact_fractions() {
        for alpha in 0..=255_u64 {
            for below in 0..=255_u64 {
                let bytes = |value: u64| u8::try_from(value).unwrap();
                let exact = |above: u64, below: u64| {
                    // floor(n/d + 1/2) in whole numbers.
                    let (n, d) = (above * alpha + below * (255 - alpha), 255);
                    bytes((2 * n + d) / (2 * d))
                };
                let mixed = over(
                    [13, 240, 128, bytes(alpha)],
                    [bytes(below), 7, bytes(255 - below), 255],
                    1.0,
                );
                let expected = [
                    exact(13, below),
                    exact(240, 7),
                    exact(128, 255 - below),
                    255,
                ];
                assert_eq!(mixed, expected, "alpha {alpha} over {below}");
            }
        }
    }

    #[test]
    fn nothing_over_nothing_is_black() {
        assert_eq!(over([9, 9, 9, 0], [7, 7, 7, 0], 1.0), [0; 4]);
    }

    #[test]
    fn what_is_transparent_leaves_the_base_as_it_is() {
        for alpha in 1..=255 {
            let below = [3, 77, 201, alpha];
            assert_eq!(over([9, 9, 9, 0], below, 1.0), below);
        }
    }

    #[test]
    fn two_half_transparent_layers_add_up() {
        // 128/255 over 128/255 white: alpha = 128 + 128 * 127 / 255 = 191.7.
        assert_eq!(
            over([0, 0, 0, 128], [255, 255, 255, 128], 1.0),
            [85, 85, 85, 192]
        );
    }
}
