//! The effect of each option of a transform on a picture, and the option's place in the order.

use safelight_images::{
    options::{
        Border, BorderTrim, Color, ColorAdjustments, Cuts, Length, Rotation, Transform, Trim,
    },
    pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Fit};

use crate::request::{Pixels, Request, painted, plain};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];
const BLACK: [u8; 4] = [0, 0, 0, 255];

fn color([r, g, b, a]: [u8; 4]) -> Color {
    Color { r, g, b, a }
}

fn after(image: &[u8], transform: Transform) -> Pixels {
    Request::new(image).transform(transform).pixels()
}

fn frame(width: u32, color: Color) -> Border {
    Border {
        color,
        top: width,
        right: width,
        bottom: width,
        left: width,
    }
}

/// White, with a red box of 4x2 at 3, 2, on 10x6.
fn boxed() -> Vec<u8> {
    painted(10, 6, |x, y| match (x, y) {
        (3..7, 2..4) => RED,
        _ => WHITE,
    })
}

fn without_border() -> Trim {
    Trim {
        border: Some(BorderTrim::default()),
        ..Trim::default()
    }
}

#[test]
fn a_border_grows_the_picture_and_covers_none_of_it() {
    let framed = Transform {
        border: frame(3, Border::default().color),
        ..Transform::default()
    };
    let result = after(&plain(4, 2, RED), framed);
    assert_eq!(result.size(), (10, 8), "4x2 with width 3");
    assert_eq!(
        [result.at(0, 0), result.at(9, 7), result.at(2, 4)],
        [BLACK; 3]
    );
    assert_eq!([result.at(3, 3), result.at(6, 4)], [RED; 2]);
}

#[test]
fn each_side_of_a_border_has_its_width_and_its_colour_may_let_something_through() {
    let glass = Transform {
        border: Border {
            color: color([1, 2, 3, 100]),
            top: 1,
            right: 2,
            bottom: 0,
            left: 4,
        },
        // Comes before the border, and so is not under it.
        background: Some(color(WHITE)),
        ..Transform::default()
    };
    let result = after(&plain(1, 1, RED), glass);
    assert_eq!(result.size(), (7, 2));
    assert_eq!(result.at(4, 1), RED);
    assert_eq!([result.at(0, 0), result.at(6, 1)], [[1, 2, 3, 100]; 2]);
}

#[test]
fn a_border_comes_after_padding_and_before_tone() {
    let transform = Transform {
        width: Some(4),
        height: Some(4),
        fit: Some(Fit::Pad),
        border: frame(1, color([100, 100, 100, 255])),
        adjustments: ColorAdjustments {
            brightness: 0.5,
            ..ColorAdjustments::default()
        },
        ..Transform::default()
    };
    let result = after(&plain(4, 2, RED), transform);
    assert_eq!(result.size(), (6, 6));
    assert_eq!(result.at(0, 0), [50, 50, 50, 255]);
    assert_eq!(
        result.at(1, 1),
        [128, 128, 128, 255],
        "padding is toned as well"
    );
    assert_eq!(result.at(1, 2), [128, 0, 0, 255]);
}

#[test]
fn a_border_beyond_the_largest_side_is_refused() {
    let framed = |width| Transform {
        border: frame(width, color(RED)),
        ..Transform::default()
    };
    let result = |width| {
        Request::new(&plain(10, 1, RED))
            .transform(framed(width))
            .try_run()
    };
    assert_eq!(result(5_996).unwrap_err().code, ErrorCode::TooManyPixels);
    assert_eq!(result(u32::MAX).unwrap_err().code, ErrorCode::TooManyPixels);
}

#[test]
fn trim_is_before_flip_rotation_and_resize() {
    // Of two red and two blue columns the last goes, and the others are rows then.
    let halves = painted(4, 2, |x, _| if x < 2 { RED } else { BLUE });
    let transform = Transform {
        trim: Trim {
            cuts: Cuts {
                right: Some(Length::Pixels(1)),
                ..Cuts::default()
            },
            border: None,
        },
        rotate: Rotation::Quarter,
        width: Some(2),
        ..Transform::default()
    };
    let result = after(&halves, transform);
    assert_eq!(result.size(), (2, 3));
    assert_eq!(
        [result.at(0, 0), result.at(0, 1), result.at(0, 2)],
        [RED, RED, BLUE]
    );
}

#[test]
fn a_border_of_one_colour_is_cut_off_what_cuts_by_number_leave() {
    let trimmed = |cuts| {
        let trim = Trim {
            cuts,
            ..without_border()
        };
        let transform = Transform {
            trim,
            ..Transform::default()
        };
        after(&boxed(), transform)
    };
    let whole = trimmed(Cuts::default());
    assert_eq!(whole.size(), (4, 2));
    assert!(whole.data.chunks(4).all(|pixel| pixel == RED));
    let cut = trimmed(Cuts {
        width: Some(Length::Fraction(0.5)),
        ..Cuts::default()
    });
    assert_eq!(cut.size(), (2, 2), "columns 3 and 4 of the first five");
}

#[test]
fn a_trim_by_colour_decides_upon_the_size_of_all_that_follows() {
    let transform = Transform {
        trim: without_border(),
        width: Some(8),
        fit: Some(Fit::Contain),
        ..Transform::default()
    };
    assert_eq!(after(&boxed(), transform).size(), (8, 4));
    // Trimmed to one column, the same width is far beyond the largest side.
    let line = painted(50, 40, |x, _| if x == 20 { RED } else { WHITE });
    let wide = Transform {
        trim: without_border(),
        width: Some(1_000),
        fit: Some(Fit::Contain),
        ..Transform::default()
    };
    let error = Request::new(&line).transform(wide).try_run().unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyPixels);
}

#[test]
fn a_result_that_only_its_content_makes_too_large_is_refused() {
    let limits = PixelLimits {
        dimension: 8,
        ..PixelLimits::default()
    };
    let transform = |trim| Transform {
        trim,
        ..Transform::default()
    };
    let run = |trim| {
        Request::new(&boxed())
            .transform(transform(trim))
            .try_run_within(&limits)
    };
    assert_eq!(
        run(Trim::default()).unwrap_err().code,
        ErrorCode::TooManyPixels
    );
    assert!(run(without_border()).is_ok(), "4x2 is small enough");
    let keep = Trim {
        border: Some(BorderTrim {
            keep: 3,
            ..BorderTrim::default()
        }),
        ..Trim::default()
    };
    assert_eq!(run(keep).unwrap_err().code, ErrorCode::TooManyPixels);
}

#[test]
fn memory_is_counted_again_once_content_has_decided() {
    let limits = PixelLimits {
        memory: 200_000,
        ..PixelLimits::default()
    };
    let line = painted(50, 40, |x, _| if x == 20 { RED } else { WHITE });
    let transform = Transform {
        trim: without_border(),
        width: Some(100),
        height: Some(4_000),
        fit: Some(Fit::Contain),
        ..Transform::default()
    };
    let error = Request::new(&line)
        .transform(transform)
        .try_run_within(&limits)
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
}

#[test]
fn tone_leaves_alpha_alone_and_follows_the_vectors() {
    let none = ColorAdjustments::default();
    for (adjustments, pixel, expected) in [
        (
            ColorAdjustments {
                brightness: 1.5,
                ..none
            },
            [100, 0, 200, 7],
            [150, 0, 255, 7],
        ),
        (
            ColorAdjustments {
                contrast: 2.0,
                ..none
            },
            [100, 0, 200, 7],
            [73, 0, 255, 7],
        ),
        (
            ColorAdjustments { gamma: 2.0, ..none },
            [100, 0, 255, 7],
            [39, 0, 255, 7],
        ),
        (
            ColorAdjustments {
                saturation: 0.0,
                ..none
            },
            [200, 100, 50, 7],
            [118, 118, 118, 7],
        ),
    ] {
        let transform = Transform {
            adjustments,
            ..Transform::default()
        };
        assert_eq!(after(&plain(2, 2, pixel), transform).at(1, 1), expected);
    }
}

#[test]
fn sharpening_comes_before_blur() {
    let edge = painted(9, 9, |x, _| {
        if x < 4 {
            [60, 60, 60, 255]
        } else {
            [190, 190, 190, 255]
        }
    });
    let sharpen = Transform {
        sharpen: 2.0,
        ..Transform::default()
    };
    let blur = Transform {
        blur: 2,
        ..Transform::default()
    };
    let both = Transform {
        blur: 2,
        ..sharpen.clone()
    };
    let in_order = Request::new(&edge)
        .transform(sharpen.clone())
        .transform(blur.clone())
        .pixels();
    assert!(after(&edge, both.clone()) == in_order);
    let reversed = Request::new(&edge)
        .transform(blur)
        .transform(sharpen)
        .pixels();
    assert!(after(&edge, both) != reversed);
}

#[test]
fn blur_is_the_probes_and_follows_padding() {
    let square = Transform {
        border: frame(3, color([0; 4])),
        blur: 3,
        ..Transform::default()
    };
    let result = after(&plain(4, 4, RED), square);
    assert_eq!(result.at(4, 4), [137, 0, 0, 137]);
    assert_eq!(result.at(4, 2), [75, 0, 0, 75]);
    assert_eq!(result.at(0, 0), [1, 0, 0, 1]);
}
