//! Transforms that depend on the content of a picture.

use safelight_protocol::{ErrorCode, Fit, Segment, Upscale};

use super::{BOUNDS, plan};
use crate::{
    error::ServiceError,
    image::{Channels, Image},
    models::{Approximation, Models},
    ops::Op,
    options::{BorderTrim, Gravity, Rect, Size, Transform, Trim},
    plan::{Performed, perform},
};

fn performed(transform: &Transform, image: &Image, models: Models) -> Performed {
    perform(transform, image.clone(), BOUNDS, models, |_, _| Ok(())).unwrap()
}

/// Returns a red box of 10x20 in the middle of white.
fn boxed() -> Image {
    let data = (0..40 * 40)
        .flat_map(|at| match (at % 40, at / 40) {
            (15..25, 10..30) => [255, 0, 0],
            _ => [255; 3],
        })
        .collect();
    Image::new(Size::new(40, 40), Channels::Rgb, data).unwrap()
}

fn without_border() -> Transform {
    Transform {
        trim: Trim {
            border: Some(BorderTrim::default()),
            ..Trim::default()
        },
        ..Transform::default()
    }
}

#[test]
fn after_a_trim_by_colour_sizes_are_not_foretold_but_checked_when_they_are_known() {
    let wide = |width| Transform {
        width: Some(width),
        fit: Some(Fit::Contain),
        ..without_border()
    };
    // The size of the untrimmed picture would mislead in every direction: this one becomes higher than it is wide.
    let foretold = plan(&wide(100), Size::new(40, 40)).unwrap();
    assert!(!foretold.complete && foretold.ops.is_empty());
    let done = performed(&wide(100), &boxed(), Models::default());
    assert_eq!(done.image.size(), Size::new(100, 200));
    let refused = perform(&wide(1001), boxed(), BOUNDS, Models::default(), |_, _| {
        Ok(())
    });
    assert_eq!(refused.unwrap_err().code, ErrorCode::TooManyPixels);
}

#[test]
fn what_an_operation_costs_is_asked_before_it_is_done_and_with_its_true_size() {
    let resize = Transform {
        width: Some(5),
        ..without_border()
    };
    let sizes = std::cell::RefCell::new(Vec::new());
    let check_cost = |op, size| {
        sizes.borrow_mut().push(size);
        match op {
            Op::Crop(_) => Ok(()),
            _ => Err(ServiceError::new(ErrorCode::Busy, "too dear")),
        }
    };
    let refused = perform(&resize, boxed(), BOUNDS, Models::default(), check_cost);
    assert_eq!(refused.unwrap_err().code, ErrorCode::Busy);
    assert_eq!(*sizes.borrow(), [Size::new(40, 40), Size::new(10, 20)]);
}

#[test]
fn what_content_decided_is_the_same_for_every_frame() {
    let transform = Transform {
        width: Some(5),
        height: Some(5),
        fit: Some(Fit::Cover),
        gravity: Gravity::Auto,
        ..without_border()
    };
    let done = performed(&transform, &boxed(), Models::default());
    let plain = Image::filled(Size::new(40, 40), Channels::Rgba, [9; 4]);
    let other = done.ops.iter().fold(plain, |frame, op| {
        op.apply(frame, Models::default()).unwrap()
    });
    assert_eq!(other.size(), done.image.size());
}

fn one_face(_: &Image) -> Vec<Rect> {
    vec![Rect {
        left: 30,
        top: 0,
        size: Size::new(10, 10),
    }]
}

fn crop_by_faces(zoom: f64) -> Transform {
    Transform {
        width: Some(10),
        height: Some(20),
        fit: Some(Fit::Cover),
        gravity: Gravity::Face,
        zoom,
        ..Transform::default()
    }
}

#[test]
fn a_crop_by_faces_is_around_them_and_zoom_makes_it_tight() {
    let found = Models {
        faces: Some(one_face),
        ..Models::default()
    };
    let ops = |zoom, models| performed(&crop_by_faces(zoom), &boxed(), models).ops;
    let resize = |left| Op::Resize {
        scaled: Size::new(20, 20),
        part: Rect {
            left,
            top: 0,
            size: Size::new(10, 20),
        },
    };
    assert_eq!(ops(0.0, found), [resize(10)]);
    assert_eq!(ops(0.0, Models::default()), [resize(5)], "the middle");
    assert_eq!(
        ops(1.0, Models::default()),
        [resize(5)],
        "zoom needs a face"
    );
    let tight = Op::Crop(Rect {
        left: 30,
        top: 0,
        size: Size::new(10, 20),
    });
    assert_eq!(ops(1.0, found), [tight]);
    let nobody = Models {
        faces: Some(|_| Vec::new()),
        ..Models::default()
    };
    assert_eq!(ops(1.0, nobody), [resize(5)]);
}

#[test]
fn what_a_model_would_do_better_is_told_where_it_matters() {
    let approximations =
        |transform: Transform| performed(&transform, &boxed(), Models::default()).approximations;
    let generate = |width| Transform {
        width: Some(width),
        fit: Some(Fit::Contain),
        upscale: Some(Upscale::Generate),
        ..Transform::default()
    };
    let segment = Transform {
        segment: Some(Segment::Foreground),
        ..Transform::default()
    };
    let no_crop = Transform {
        fit: Some(Fit::Contain),
        ..crop_by_faces(0.0)
    };
    assert_eq!(approximations(crop_by_faces(0.0)), [Approximation::Face]);
    assert_eq!(approximations(segment.clone()), [Approximation::Segment]);
    assert_eq!(approximations(generate(80)), [Approximation::Upscale]);
    assert_eq!(approximations(generate(20)), []);
    assert_eq!(approximations(no_crop), []);

    let strict = Models {
        strict: true,
        ..Models::default()
    };
    for transform in [crop_by_faces(0.0), segment, generate(80)] {
        let error = crate::plan::plan(&transform, Size::new(40, 40), BOUNDS, strict).unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy, "{error}");
    }
    assert!(crate::plan::plan(&generate(20), Size::new(40, 40), BOUNDS, strict).is_ok());
}
