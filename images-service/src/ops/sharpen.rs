//! Sharpens by an unsharp mask.

use super::bands;
use crate::image::{Channels, Image};

/// Sharpens in place: `c + strength · (c − G(c))`, where `G` is the kernel (1 2 1)/4 along both axes. Pixels at the
/// edge are repeated, and alpha stays.
pub(super) fn sharpen(mut image: Image, strength: f64) -> Image {
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 10")]
    let strength = strength as f32;
    let (stride, each) = (image.stride(), bands::rows_each(image.size()));
    if stride == 0 {
        return image;
    }
    let channels = image.channels();
    // The rows around each band, before the neighbouring bands change them.
    let row = |number: usize| image.data().chunks_exact(stride).nth(number);
    let around: Vec<[Option<Vec<u8>>; 2]> = (0..image.size().height as usize)
        .step_by(each)
        .map(|first| [first.checked_sub(1), Some(first + each)])
        .map(|pair| pair.map(|number| row(number?).map(<[u8]>::to_vec)))
        .collect();
    bands::for_each(image.data_mut(), stride, each, |first, rows| {
        if let Some([above, below]) = around.get(first / each) {
            let around = [above.as_deref(), below.as_deref()];
            match channels {
                Channels::Rgb => band::<3>(rows, stride, around, strength),
                Channels::Rgba => band::<4>(rows, stride, around, strength),
            }
        }
    });
    image
}

fn band<const PIXEL: usize>(
    rows: &mut [u8],
    stride: usize,
    [above, below]: [Option<&[u8]>; 2],
    strength: f32,
) {
    let mut previous = above.or(rows.get(..stride)).unwrap_or_default().to_vec();
    let mut current = vec![0; stride];
    // The sums of three rows, with one more pixel at either end.
    let mut sums = vec![0_u16; stride + 2 * PIXEL];
    let count = rows.len() / stride;
    for number in 0..count {
        let (row, rest) = rows[number * stride..].split_at_mut(stride);
        current.copy_from_slice(row);
        let next = rest.get(..stride).or(below).unwrap_or(&current);
        let columns = previous.iter().zip(&current).zip(next);
        for (sum, ((up, middle), down)) in sums[PIXEL..].iter_mut().zip(columns) {
            *sum = u16::from(*up) + 2 * u16::from(*middle) + u16::from(*down);
        }
        sums.copy_within(PIXEL..2 * PIXEL, 0);
        sums.copy_within(stride..stride + PIXEL, stride + PIXEL);
        mask(row, &sums, PIXEL, strength);
        if PIXEL == 4 {
            let kept = current.iter().skip(3).step_by(4);
            for (alpha, kept) in row.iter_mut().skip(3).step_by(4).zip(kept) {
                *alpha = *kept;
            }
        }
        std::mem::swap(&mut previous, &mut current);
    }
}

/// Sharpens one row. The sums are in sixteenths and whole numbers, so that halves are exact.
fn mask(row: &mut [u8], sums: &[u16], pixel: usize, strength: f32) {
    let neighbours = sums.iter().zip(&sums[pixel..]).zip(&sums[2 * pixel..]);
    for (value, ((left, middle), right)) in row.iter_mut().zip(neighbours) {
        let smooth = i32::from(*left) + 2 * i32::from(*middle) + i32::from(*right);
        let own = 16 * i32::from(*value);
        let sharpened = (own as f32 + strength * (own - smooth) as f32 + 8.0) / 16.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let byte = sharpened as u8;
        *value = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::sharpen;
    use crate::{
        image::{Channels, Image},
        options::Size,
    };

    fn gray(size: Size, values: &[u8]) -> Image {
        let data = values
            .iter()
            .flat_map(|value| [*value, *value, *value, 77])
            .collect();
        Image::new(size, Channels::Rgba, data).unwrap()
    }

    fn values(image: &Image) -> Vec<u8> {
        assert!(
            image.data().chunks(4).all(|pixel| pixel[3] == 77),
            "alpha stays"
        );
        image.data().chunks(4).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn what_differs_from_its_neighbours_differs_more_and_edges_go_on() {
        // G of a dot of 64 is 16 in the middle, 8 beside it and 4 at the corners.
        let dot = gray(
            Size::new(3, 3),
            &[100, 100, 100, 100, 164, 100, 100, 100, 100],
        );
        let expected = [96, 92, 96, 92, 212, 92, 96, 92, 96];
        assert_eq!(values(&sharpen(dot, 1.0)), expected);
        // At the edge: G(0) = (3 · 0 + 64) / 4 = 16 and G(64) = 48.
        let edge = gray(Size::new(2, 1), &[0, 64]);
        assert_eq!(values(&sharpen(edge, 0.5)), [0, 72]);
    }

    #[test]
    fn halves_are_rounded_up_and_values_are_clamped() {
        // G(101) = 101 − 1/4; half of 16 sixteenths short: 101 + 2 · 0.25 = 101.5.
        let step = gray(Size::new(2, 1), &[100, 101]);
        assert_eq!(values(&sharpen(step, 2.0)), [100, 102]);
        let hard = gray(Size::new(2, 1), &[10, 250]);
        assert_eq!(values(&sharpen(hard, 10.0)), [0, 255]);
    }

    #[test]
    fn bands_and_channels_make_no_difference() {
        let size = Size::new(640, 1300);
        let noise = |n: usize| u8::try_from((n * 7919 + n / 640 * 104_729) % 251).unwrap();
        let opaque: Vec<u8> = (0..size.pixels() * 3).map(noise).collect();
        let image = Image::new(size, Channels::Rgb, opaque).unwrap();
        let whole = sharpen(image.clone(), 1.5);
        assert!(sharpen(image.clone().into_rgba(), 1.5).into_rgb() == whole);
        // A window of rows, far smaller than a band, agrees except for its first and last row.
        for top in [0, 400, 640, 649, 650, 900] {
            let part = crate::options::Rect {
                left: 0,
                top,
                size: Size::new(640, 20),
            };
            let alone = sharpen(crate::ops::crop::crop(&image, part), 1.5);
            let same = crate::ops::crop::crop(&whole, part);
            let inner = alone.stride()..19 * alone.stride();
            assert!(alone.data()[inner.clone()] == same.data()[inner]);
        }
    }
}
