//! The order of operations, what is left out, and what is refused.

use safelight_protocol::{ErrorCode, Fit, Flip};

use super::{Bounds, plan};
use crate::{
    geometry::{Padding, Rect, Size},
    ops::Op,
    request::{Color, Rotation, Transform},
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

fn ops(transform: &Transform, size: Size) -> Vec<Op> {
    plan(transform, size, BOUNDS).unwrap().ops
}

#[test]
fn the_order_is_flip_rotate_resize_pad_background() {
    let transform = Transform {
        width: Some(100),
        height: Some(100),
        fit: Some(Fit::Pad),
        flip: Some(Flip::Horizontal),
        rotate: Rotation::Quarter,
        background: Some(color(255)),
        ..Transform::default()
    };
    let scaled = Size::new(50, 100);
    let part = Rect {
        left: 0,
        top: 0,
        size: scaled,
    };
    let padding = Padding {
        left: 25,
        top: 0,
        canvas: Size::new(100, 100),
    };
    assert_eq!(
        ops(&transform, Size::new(400, 200)),
        [
            Op::Flip(Flip::Horizontal),
            Op::Rotate(Rotation::Quarter),
            Op::Resize { scaled, part },
            Op::Pad {
                padding,
                fill: color(255)
            },
            Op::Background(color(255)),
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
    let plan = plan(&transform, Size::new(400, 200), BOUNDS).unwrap();
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
        "drawn by the background's own step"
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
    assert!(plan(&wide(2000), Size::new(100, 10), BOUNDS).is_ok());
    for (width, size) in [(2001, Size::new(100, 10)), (1500, Size::new(100, 100))] {
        let error = plan(&wide(width), size, BOUNDS).unwrap_err();
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
    let plan = plan(&transform, Size::new(5000, 10), BOUNDS).unwrap();
    assert_eq!(plan.size, Size::new(10, 5000));
}
