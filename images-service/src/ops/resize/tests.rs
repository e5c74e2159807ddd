//! Compares resampling with a plain float implementation of the same kernels.

use super::{Scale, alpha, resize};
use crate::{
    image::{Channels, Image},
    options::{Rect, Size},
};

/// Returns a picture with edges, gradients and noise in every channel.
fn busy(size: Size, channels: Channels) -> Image {
    let mut state = 7_u32;
    let mut data = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) % 64;
            let edge = if (x / 5 + y / 7) % 2 == 0 { 180 } else { 0 };
            let values = [
                noise + edge,
                (x * 9 + y) % 256,
                255 - edge,
                (x * 31 + y * 17) % 256,
            ];
            for value in values.iter().take(channels.count()) {
                data.push(u8::try_from(*value).unwrap());
            }
        }
    }
    Image::new(size, channels, data).unwrap()
}

fn whole(size: Size) -> Rect {
    Rect {
        left: 0,
        top: 0,
        size,
    }
}

fn resized(image: &Image, size: Size) -> Image {
    resize(image, size, whole(size)).unwrap()
}

/// The kernels' own definition, in floats, on premultiplied values.
mod reference {
    use crate::{
        image::{Channels, Image},
        options::Size,
    };

    fn lanczos3(x: f64) -> f64 {
        let sinc = |x: f64| {
            if x == 0.0 {
                1.0
            } else {
                (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI)
            }
        };
        if x.abs() < 3.0 {
            sinc(x) * sinc(x / 3.0)
        } else {
            0.0
        }
    }

    fn catmull_rom(x: f64) -> f64 {
        let x = x.abs();
        if x < 1.0 {
            (1.5 * x - 2.5) * x * x + 1.0
        } else if x < 2.0 {
            ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        } else {
            0.0
        }
    }

    fn line(values: &[[f64; 4]], to: u32) -> Vec<[f64; 4]> {
        if values.len() == to as usize {
            return values.to_vec();
        }
        let from = values.len() as f64;
        let scale = from / f64::from(to);
        (0..to)
            .map(|x| {
                let centre = (f64::from(x) + 0.5) * scale - 0.5;
                let (mut sum, mut weights) = ([0.0; 4], 0.0);
                for (at, value) in values.iter().enumerate() {
                    let distance = at as f64 - centre;
                    let weight = if scale > 1.0 {
                        lanczos3(distance / scale)
                    } else {
                        catmull_rom(distance)
                    };
                    weights += weight;
                    for (sum, value) in sum.iter_mut().zip(value) {
                        *sum += weight * value;
                    }
                }
                sum.map(|sum| sum / weights)
            })
            .collect()
    }

    fn scaled(rows: &[Vec<[f64; 4]>], to: u32) -> Vec<Vec<[f64; 4]>> {
        rows.iter().map(|row| line(row, to)).collect()
    }

    fn transposed(rows: &[Vec<[f64; 4]>]) -> Vec<Vec<[f64; 4]>> {
        (0..rows[0].len())
            .map(|x| rows.iter().map(|row| row[x]).collect())
            .collect()
    }

    /// Opaque pictures are kept in bytes between the passes.
    fn to_bytes(pixel: [f64; 4]) -> [f64; 4] {
        pixel.map(|value| (value + 0.5).floor().clamp(0.0, 255.0))
    }

    pub(super) fn resized(image: &Image, size: Size) -> Vec<[f64; 4]> {
        let width = image.size().width as usize;
        let pixels: Vec<[f64; 4]> = image
            .data()
            .chunks(image.channels().count())
            .map(|p| {
                let alpha = f64::from(p.get(3).copied().unwrap_or(255)) / 255.0;
                [
                    f64::from(p[0]) * alpha,
                    f64::from(p[1]) * alpha,
                    f64::from(p[2]) * alpha,
                    alpha * 255.0,
                ]
            })
            .collect();
        let between = |row: Vec<[f64; 4]>| match image.channels() {
            Channels::Rgb => row.into_iter().map(to_bytes).collect(),
            Channels::Rgba => row,
        };
        let across = |rows: &[Vec<[f64; 4]>]| scaled(rows, size.width);
        let down = |rows: &[Vec<[f64; 4]>]| transposed(&scaled(&transposed(rows), size.height));
        let rows: Vec<Vec<[f64; 4]>> = pixels.chunks(width).map(<[_]>::to_vec).collect();
        let rows = if super::super::rows_first(image.size(), size) {
            across(&down(&rows).into_iter().map(between).collect::<Vec<_>>())
        } else {
            down(&across(&rows).into_iter().map(between).collect::<Vec<_>>())
        };
        rows.into_iter()
            .flatten()
            .map(|[r, g, b, a]| {
                let a = a.clamp(0.0, 255.0);
                if a < 0.5 {
                    return [0.0; 4];
                }
                let straight = |value: f64| (value.clamp(0.0, a) * 255.0 / a).min(255.0);
                [straight(r), straight(g), straight(b), a]
            })
            .collect()
    }
}

#[test]
fn every_direction_agrees_with_the_definition_of_its_kernel() {
    let source = Size::new(61, 47);
    for channels in [Channels::Rgb, Channels::Rgba] {
        let image = busy(source, channels);
        for size in [
            Size::new(20, 15),
            Size::new(150, 130),
            Size::new(30, 90),
            Size::new(90, 30),
            Size::new(61, 20),
            Size::new(120, 47),
            Size::new(1, 1),
        ] {
            let ours = resized(&image, size);
            let expected = reference::resized(&image, size);
            for (pixel, expected) in ours.data().chunks(channels.count()).zip(&expected) {
                for (channel, (ours, expected)) in pixel.iter().zip(expected).enumerate() {
                    // With little alpha, one step of alpha is many steps of colour.
                    let alpha = expected_alpha(channel, pixel);
                    let bound = 2.0 * 255.0 / alpha;
                    assert!(
                        (f64::from(*ours) - expected).abs() <= bound,
                        "{channels:?} to {size}: {ours} is not {expected}"
                    );
                }
            }
        }
    }
}

fn expected_alpha(channel: usize, pixel: &[u8]) -> f64 {
    match (channel, pixel.get(3)) {
        (0..=2, Some(alpha)) => f64::from(*alpha).max(1.0),
        _ => 255.0,
    }
}

#[test]
fn a_part_is_what_a_crop_of_the_whole_would_be() {
    for channels in [Channels::Rgb, Channels::Rgba] {
        let image = busy(Size::new(60, 40), channels);
        for scaled in [Size::new(31, 21), Size::new(100, 67), Size::new(90, 20)] {
            let part = Rect {
                left: 7,
                top: 3,
                size: Size::new(13, 11),
            };
            let cropped = crate::ops::crop::crop(&resized(&image, scaled), part);
            let direct = resize(&image, scaled, part).unwrap();
            let differences = cropped.data().iter().zip(direct.data());
            // The position of a pixel is a float, so a half may fall to the other side.
            let worst = differences.map(|(a, b)| a.abs_diff(*b)).max();
            assert!(worst <= Some(1), "{channels:?} to {scaled}: {worst:?}");
        }
    }
}

#[test]
fn pieces_are_what_the_whole_would_be() {
    let image = busy(Size::new(61, 47), Channels::Rgba);
    for scaled in [
        (20, 15),
        (150, 130),
        (30, 90),
        (90, 30),
        (61, 20),
        (120, 47),
    ] {
        let scaled = Size::new(scaled.0, scaled.1);
        let middle = Rect {
            left: 3,
            top: 2,
            size: Size::new(scaled.width - 5, scaled.height - 4),
        };
        for part in [whole(scaled), middle] {
            let source = image.size();
            let scale = Scale {
                source,
                scaled,
                part,
            };
            let at_once = alpha::resize(&image, scale, u64::MAX).unwrap();
            for most in [1, 100, 1000] {
                let pieces = alpha::resize(&image, scale, most).unwrap();
                assert!(pieces == at_once, "{most} pixels at a time, to {scaled}");
            }
        }
    }
}

#[test]
fn hidden_colours_do_not_bleed() {
    // Left half opaque blue, right half fully transparent red.
    let mut data = Vec::new();
    for _ in 0..16 {
        data.extend([[0, 0, 255, 255]; 8].concat());
        data.extend([[255, 0, 0, 0]; 8].concat());
    }
    let image = Image::new(Size::new(16, 16), Channels::Rgba, data).unwrap();
    for size in [Size::new(5, 5), Size::new(40, 40)] {
        for pixel in resized(&image, size).data().chunks(4) {
            assert_eq!(pixel[0], 0, "no red in {pixel:?} at {size}");
            if pixel[3] == 0 {
                assert_eq!(pixel, [0; 4], "what cannot be seen has no colour");
            }
        }
    }
}

#[test]
fn one_colour_stays_that_colour() {
    for pixel in [
        [0, 0, 0, 255],
        [255, 255, 255, 255],
        [13, 200, 77, 255],
        [13, 200, 77, 9],
    ] {
        for channels in [Channels::Rgb, Channels::Rgba] {
            let image = Image::filled(Size::new(33, 21), channels, pixel);
            for size in [
                Size::new(7, 50),
                Size::new(50, 7),
                Size::new(5, 4),
                Size::new(80, 80),
            ] {
                let expected = Image::filled(size, channels, pixel);
                assert!(
                    resized(&image, size) == expected,
                    "{pixel:?} {channels:?} to {size}"
                );
            }
        }
    }
}
