//! The order of operations, stages without an effect, and refusals.

mod content;

use safelight_protocol::{ErrorCode, Fit, Flip, Segment};

use super::{Bounds, Plan};
use crate::{
    error::ServiceError,
    geometry::Padding,
    models::Models,
    ops::Op,
    options::{
        Border, Color, ColorAdjustments, Cuts, Length, Rect, Rotation, Size, Transform, Trim,
    },
};

const BOUNDS: Bounds = Bounds {
    area: 1_000_000,
    side: 2000,
};

fn color(a: u8) -> Color {
    Color {
        r: 1,
        g: 2,
        b: 3,
        a,
    }
}

fn plan(transform: &Transform, size: Size) -> Result<Plan, ServiceError> {
    super::plan(transform, size, BOUNDS, Models::default())
}

fn ops(transform: &Transform, size: Size) -> Vec<Op> {
    plan(transform, size).unwrap().ops
}

/// Returns a transform with every option at once, for a picture of 400x200.
fn everything() -> Transform {
    Transform {
        trim: Trim {
            cuts: Cuts {
                left: Some(Length::Pixels(100)),
                ..Cuts::default()
            },
            border: None,
        },
        flip: Some(Flip::Horizontal),
        rotate: Rotation::Quarter,
        segment: Some(Segment::Foreground),
        width: Some(100),
        height: Some(300),
        fit: Some(Fit::Pad),
        background: Some(color(255)),
        border: Border {
            color: color(7),
            top: 1,
            right: 2,
            bottom: 3,
            left: 4,
        },
        adjustments: ColorAdjustments {
            gamma: 2.0,
            ..ColorAdjustments::default()
        },
        sharpen: 1.0,
        blur: 3,
        ..Transform::default()
    }
}

#[test]
fn the_order_is_the_specifications() {
    let transform = everything();
    let pad = |left, top, width, height, color| Op::Pad {
        padding: Padding {
            left,
            top,
            canvas: Size::new(width, height),
        },
        fill: color,
    };
    assert_eq!(
        ops(&transform, Size::new(400, 200)),
        [
            Op::Crop(Rect {
                left: 100,
                top: 0,
                size: Size::new(300, 200)
            }),
            Op::Flip(Flip::Horizontal),
            Op::Rotate(Rotation::Quarter),
            Op::Segment,
            Op::Resize {
                scaled: Size::new(100, 150),
                part: Rect::whole(Size::new(100, 150)),
            },
            pad(0, 75, 100, 300, color(255)),
            Op::Background(color(255)),
            pad(4, 1, 106, 304, color(7)),
            Op::AdjustColors(transform.adjustments),
            Op::Sharpen(1.0),
            Op::Blur(3),
        ]
    );
}

#[test]
fn width_and_height_are_those_after_rotation() {
    let transform = Transform {
        width: Some(100),
        rotate: Rotation::ThreeQuarters,
        ..Transform::default()
    };
    let plan = plan(&transform, Size::new(400, 200)).unwrap();
    assert_eq!(plan.size, Size::new(100, 200));
}

#[test]
fn what_changes_nothing_is_not_done() {
    let size = Size::new(400, 200);
    let nothing = [
        Transform::default(),
        Transform {
            width: Some(400),
            ..Transform::default()
        },
        Transform {
            width: Some(400),
            height: Some(200),
            fit: Some(Fit::Pad),
            ..Transform::default()
        },
        Transform {
            background: Some(color(0)),
            ..Transform::default()
        },
    ];
    for transform in nothing {
        assert_eq!(ops(&transform, size), [], "{transform:?}");
    }
}

#[test]
fn padding_is_white_unless_there_is_a_background() {
    let fill = |background| {
        let transform = Transform {
            width: Some(400),
            height: Some(400),
            fit: Some(Fit::Pad),
            background,
            ..Transform::default()
        };
        ops(&transform, Size::new(400, 200))
            .into_iter()
            .find_map(|op| match op {
                Op::Pad { fill, .. } => Some([fill.r, fill.g, fill.b, fill.a]),
                _ => None,
            })
    };
    assert_eq!(fill(None), Some([255; 4]));
    assert_eq!(fill(Some(color(255))), Some([1, 2, 3, 255]));
    assert_eq!(
        fill(Some(color(100))),
        Some([0; 4]),
        "drawn by the stage of the background"
    );
    assert_eq!(fill(Some(color(0))), Some([0; 4]));
}

#[test]
fn a_picture_may_not_grow_beyond_the_bounds() {
    let wide = |width| Transform {
        width: Some(width),
        fit: Some(Fit::Contain),
        ..Transform::default()
    };
    assert!(plan(&wide(2000), Size::new(100, 10)).is_ok());
    for (width, size) in [(2001, Size::new(100, 10)), (1500, Size::new(100, 100))] {
        let error = plan(&wide(width), size).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyPixels);
        assert!(error.message.contains("2000"), "{error}");
    }
}

#[test]
fn a_long_source_may_stay_as_long_as_it_is() {
    let transform = Transform {
        rotate: Rotation::Quarter,
        ..Transform::default()
    };
    let plan = plan(&transform, Size::new(5000, 10)).unwrap();
    assert_eq!(plan.size, Size::new(10, 5000));
}

#[test]
fn a_border_counts_towards_the_bounds() {
    let framed = |width| Transform {
        border: Border {
            left: width,
            ..Border::default()
        },
        ..Transform::default()
    };
    let size = Size::new(1000, 10);
    assert_eq!(plan(&framed(1000), size).unwrap().size, Size::new(2000, 10));
    for width in [1001, u32::MAX] {
        let error = plan(&framed(width), size).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyPixels);
    }
}

#[test]
fn a_trim_that_leaves_nothing_is_refused() {
    let cut = Transform {
        trim: Trim {
            cuts: Cuts {
                top: Some(Length::Pixels(10)),
                ..Cuts::default()
            },
            border: None,
        },
        ..Transform::default()
    };
    let error = plan(&cut, Size::new(20, 10)).unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyPixels);
    assert!(error.message.contains("trim"), "{error}");
}
