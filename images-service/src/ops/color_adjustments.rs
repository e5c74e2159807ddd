//! Adjusts brightness, contrast, gamma and saturation.

use super::bands;
use crate::{
    image::{Channels, Image},
    options::ColorAdjustments,
};

/// Adjusts the colours in place. Each step is clamped, and rounded once at the end. Alpha stays.
pub(super) fn adjust_colors(mut image: Image, adjustments: ColorAdjustments) -> Image {
    let curve: [f64; 256] = std::array::from_fn(|value| curve(value as f64, adjustments));
    let channels = image.channels();
    let (stride, each) = (image.stride(), bands::rows_each(image.size()));
    if adjustments.saturation == 1.0 {
        let table = curve.map(to_byte);
        bands::for_each(image.data_mut(), stride, each, |_, rows| match channels {
            Channels::Rgb => rows
                .iter_mut()
                .for_each(|value| *value = table[usize::from(*value)]),
            Channels::Rgba => {
                per_pixel::<4>(rows, |rgb| rgb.map(|value| table[usize::from(value)]))
            }
        });
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "0 to 255, and there is no need for more digits"
        )]
        let (curve, saturation) = (
            curve.map(|value| value as f32),
            adjustments.saturation as f32,
        );
        let change =
            |rgb: [u8; 3]| saturated(rgb.map(|value| curve[usize::from(value)]), saturation);
        bands::for_each(image.data_mut(), stride, each, |_, rows| match channels {
            Channels::Rgb => per_pixel::<3>(rows, change),
            Channels::Rgba => per_pixel::<4>(rows, change),
        });
    }
    image
}

/// Returns the adjusted value of a channel without saturation, from and to 0..255 so that halves are exact.
fn curve(value: f64, adjustments: ColorAdjustments) -> f64 {
    let bright = (value * adjustments.brightness).clamp(0.0, 255.0);
    let contrasted = ((bright - 127.5) * adjustments.contrast + 127.5).clamp(0.0, 255.0);
    // Sources disagree on the direction of gamma. The newest one counts, in which a number below 1 lightens.
    if adjustments.gamma == 1.0 {
        contrasted
    } else {
        (contrasted / 255.0).powf(adjustments.gamma) * 255.0
    }
}

/// Scales the distance of a colour from its grey. All sums are in thousandths, in which the weights are whole numbers.
fn saturated([r, g, b]: [f32; 3], saturation: f32) -> [u8; 3] {
    let gray = 213.0 * r + 715.0 * g + 72.0 * b;
    [r, g, b].map(|value| {
        let value = gray + (1000.0 * value - gray) * saturation;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let rounded = ((value + 500.0) / 1000.0) as u8;
        rounded
    })
}

fn per_pixel<const PIXEL: usize>(rows: &mut [u8], change: impl Fn([u8; 3]) -> [u8; 3]) {
    for pixel in rows.as_chunks_mut::<PIXEL>().0 {
        let changed = change([pixel[0], pixel[1], pixel[2]]);
        pixel[..3].copy_from_slice(&changed);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 255"
)]
fn to_byte(value: f64) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::adjust_colors;
    use crate::{
        image::{Channels, Image},
        options::{ColorAdjustments, Size},
    };

    fn toned(pixel: [u8; 4], change: ColorAdjustments) -> [u8; 4] {
        let image = Image::filled(Size::new(1, 1), Channels::Rgba, pixel);
        adjust_colors(image, change).into_data().try_into().unwrap()
    }

    #[test]
    fn each_step_by_itself_gives_the_specifications_numbers() {
        let one = ColorAdjustments::default();
        let of_100 = |adjustments| toned([100, 100, 100, 9], adjustments);
        let gray = |value| [value, value, value, 9];
        assert_eq!(
            of_100(ColorAdjustments {
                brightness: 1.5,
                ..one
            }),
            gray(150)
        );
        assert_eq!(
            of_100(ColorAdjustments {
                contrast: 2.0,
                ..one
            }),
            gray(73)
        );
        assert_eq!(of_100(ColorAdjustments { gamma: 2.0, ..one }), gray(39));
        let colour = [200, 100, 50, 255];
        assert_eq!(
            toned(
                colour,
                ColorAdjustments {
                    saturation: 0.0,
                    ..one
                }
            ),
            [118, 118, 118, 255]
        );
        assert_eq!(
            toned(
                colour,
                ColorAdjustments {
                    saturation: 2.0,
                    ..one
                }
            ),
            [255, 82, 0, 255]
        );
    }

    #[test]
    fn a_gamma_below_one_lightens_and_above_one_darkens() {
        let gamma = |gamma| {
            toned(
                [100, 100, 100, 255],
                ColorAdjustments {
                    gamma,
                    ..ColorAdjustments::default()
                },
            )[0]
        };
        assert_eq!([gamma(0.5), gamma(1.0), gamma(2.0)], [160, 100, 39]);
    }

    #[test]
    fn the_steps_run_in_order_are_clamped_each_and_rounded_once() {
        // 85 · 1.5 is the middle, which no contrast moves. Rounded in between, it would be 129.
        let middle = ColorAdjustments {
            brightness: 1.5,
            contrast: 3.0,
            ..ColorAdjustments::default()
        };
        assert_eq!(toned([85, 0, 0, 255], middle)[0], 128);
        let clamped = ColorAdjustments {
            brightness: 1.5,
            contrast: 0.5,
            ..ColorAdjustments::default()
        };
        assert_eq!(
            toned([200, 0, 0, 255], clamped)[0],
            191,
            "half of the way from 255, not from 300"
        );
        // Contrast after brightness: 100 · 2 = 200, then away from the middle.
        let order = ColorAdjustments {
            brightness: 2.0,
            contrast: 1.5,
            ..ColorAdjustments::default()
        };
        assert_eq!(toned([100, 0, 0, 255], order)[0], 236);
        // Saturation after gamma: grey of (39.2, 0, 0) and not gamma of grey.
        let last = ColorAdjustments {
            gamma: 2.0,
            saturation: 0.0,
            ..ColorAdjustments::default()
        };
        assert_eq!(toned([100, 0, 0, 255], last)[0], 8);
    }

    #[test]
    fn a_grey_pixel_has_no_saturation_to_change() {
        for value in 0..=255 {
            for saturation in [0.0, 0.5, 3.0, 255.0] {
                let adjustments = ColorAdjustments {
                    saturation,
                    ..ColorAdjustments::default()
                };
                assert_eq!(
                    toned([value, value, value, 1], adjustments),
                    [value, value, value, 1]
                );
            }
        }
    }

    #[test]
    fn pictures_with_and_without_alpha_are_treated_alike_on_every_row() {
        let size = Size::new(700, 900);
        let tones = [
            ColorAdjustments {
                contrast: 1.3,
                ..ColorAdjustments::default()
            },
            ColorAdjustments {
                contrast: 1.3,
                saturation: 1.7,
                ..ColorAdjustments::default()
            },
        ];
        for change in tones {
            let opaque = adjust_colors(
                Image::filled(size, Channels::Rgb, [200, 100, 50, 0]),
                change,
            );
            let alpha = adjust_colors(
                Image::filled(size, Channels::Rgba, [200, 100, 50, 7]),
                change,
            );
            let [r, g, b, _] = toned([200, 100, 50, 0], change);
            assert!(opaque.data().chunks(3).all(|pixel| pixel == [r, g, b]));
            assert!(alpha.data().chunks(4).all(|pixel| pixel == [r, g, b, 7]));
        }
    }
}
