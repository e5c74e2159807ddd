//! The specification's own numbers, and a slow implementation of the same rule.

use super::blur;
use crate::{
    image::{Channels, Image},
    ops::crop::crop,
    options::{Rect, Size},
};

fn row(values: &[u8]) -> Image {
    let data = values.iter().flat_map(|value| [*value; 3]).collect();
    let size = Size::new(u32::try_from(values.len()).unwrap(), 1);
    Image::new(size, Channels::Rgb, data).unwrap()
}

#[test]
fn radius_3_is_1_2_3_3_3_2_1_by_15() {
    let mut dot = [0; 11];
    dot[5] = 150;
    let blurred = blur(&row(&dot), 3);
    let values: Vec<u8> = blurred.data().chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(values, [0, 0, 10, 20, 30, 30, 30, 20, 10, 0, 0]);
}

#[test]
fn the_probe_of_a_red_square_on_nothing_agrees() {
    let mut data = vec![0; 10 * 10 * 4];
    for y in 3..7 {
        for x in 3..7 {
            data[(y * 10 + x) * 4..][..4].copy_from_slice(&[255, 0, 0, 255]);
        }
    }
    let image = Image::new(Size::new(10, 10), Channels::Rgba, data).unwrap();
    let blurred = blur(&image, 3);
    let at = |x: usize, y: usize| blurred.data()[(y * 10 + x) * 4..][..4].to_vec();
    assert_eq!(at(4, 4), [137, 0, 0, 137], "in the middle");
    assert_eq!(
        at(4, 2),
        [75, 0, 0, 75],
        "one pixel outside of the middle of its edge"
    );
    assert_eq!(at(0, 0), [1, 0, 0, 1], "in the corner");
}

#[test]
fn colours_and_alpha_are_blurred_alike_and_alone() {
    let data = vec![255, 9, 0, 0, 255, 9, 0, 0, 0, 9, 255, 255, 0, 9, 255, 255];
    let image = Image::new(Size::new(4, 1), Channels::Rgba, data).unwrap();
    let blurred = blur(&image, 1);
    assert_eq!(
        blurred.data(),
        [
            255, 9, 0, 0, 170, 9, 85, 85, 85, 9, 170, 170, 0, 9, 255, 255
        ],
        "hidden colours spread, and nothing is weighed by alpha"
    );
}

/// Applies both boxes along one axis in floating point to `lines` of `length` values.
fn slowly(values: &mut [f64], length: usize, step: usize, start: usize, radius: usize) {
    for half in [radius / 2, radius.div_ceil(2)] {
        let line: Vec<f64> = (0..length).map(|n| values[start + n * step]).collect();
        for n in 0..length {
            let sum: f64 = (0..=2 * half)
                .map(|offset| line[(n + offset).saturating_sub(half).min(length - 1)])
                .sum();
            values[start + n * step] = sum / (2 * half + 1) as f64;
        }
    }
}

fn noise(size: Size, channels: Channels) -> Image {
    let data = (0..channels.bytes(size))
        .map(|n| u8::try_from((n * 7919 + n / 17 * 104_729) % 256).unwrap())
        .collect();
    Image::new(size, channels, data).unwrap()
}

#[test]
fn every_radius_agrees_with_two_boxes_along_each_axis() {
    for channels in [Channels::Rgb, Channels::Rgba] {
        for (width, height) in [(23, 31), (1, 9), (9, 1), (1, 1), (300, 5)] {
            let image = noise(Size::new(width, height), channels);
            let (width, height, pixel) = (width as usize, height as usize, channels.count());
            for radius in [1, 2, 3, 4, 7, 20, 99, 250] {
                let mut exact: Vec<f64> = image.data().iter().copied().map(f64::from).collect();
                for channel in 0..pixel {
                    for y in 0..height {
                        let start = y * width * pixel + channel;
                        slowly(&mut exact, width, pixel, start, radius as usize);
                    }
                    for x in 0..width {
                        let start = x * pixel + channel;
                        slowly(&mut exact, height, width * pixel, start, radius as usize);
                    }
                }
                let blurred = blur(&image, radius);
                for (value, exact) in blurred.data().iter().zip(&exact) {
                    let error = (f64::from(*value) - exact).abs();
                    assert!(
                        error <= 0.5 + 1e-9,
                        "{width}x{height} radius {radius}: {value}, {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn bands_make_no_difference() {
    let image = noise(Size::new(640, 1300), Channels::Rgb);
    let whole = blur(&image, 31);
    for top in [0, 300, 500, 600, 1100] {
        let window = Rect {
            left: 0,
            top,
            size: Size::new(640, 200),
        };
        let inner = |from| Rect {
            left: 0,
            top: from,
            size: Size::new(640, 100),
        };
        let alone = crop(&blur(&crop(&image, window), 31), inner(50));
        assert!(alone == crop(&whole, inner(top + 50)));
    }
}

#[test]
fn a_plain_picture_stays_as_it_is() {
    for radius in [1, 40, 250] {
        for value in [0, 1, 128, 255] {
            let image = Image::filled(Size::new(70, 60), Channels::Rgba, [value; 4]);
            assert!(blur(&image, radius) == image);
        }
    }
}
