//! One picture and the result of a transform.

use safelight_images::{
    image::Channels,
    options::{Color, Gravity, Output, Rotation, Transform},
};
use safelight_protocol::{Fit, Flip, Format};

use crate::request::{Request, busy, output, plain, png, rgba};

const RED: [u8; 4] = [255, 0, 0, 255];
const WHITE: [u8; 4] = [255; 4];
const CLEAR: [u8; 4] = [0; 4];

fn sized(width: u32, height: u32, fit: Fit) -> Transform {
    Transform {
        width: Some(width),
        height: Some(height),
        fit: Some(fit),
        ..Transform::default()
    }
}

fn color([r, g, b, a]: [u8; 4]) -> Color {
    Color { r, g, b, a }
}

#[test]
fn no_options_change_no_pixel() {
    for channels in [Channels::Rgb, Channels::Rgba] {
        let image = busy(13, 9, channels);
        let result = Request::new(&png(&image))
            .transform(Transform::default())
            .pixels();
        assert_eq!(result.data, rgba(&image), "hidden colours are kept as well");
    }
}

#[test]
fn padding_is_white_and_leaves_holes_of_the_picture_open() {
    let pad = Request::new(&plain(4, 2, [10, 20, 30, 0]))
        .transform(sized(4, 4, Fit::Pad))
        .pixels();
    assert_eq!(pad.at(0, 0), WHITE);
    assert_eq!(pad.at(0, 1), [10, 20, 30, 0]);
    assert_eq!(pad.at(0, 3), WHITE);
}

#[test]
fn a_background_fills_padding_and_holes_alike() {
    let transform = |background| Transform {
        background: Some(color(background)),
        ..sized(4, 4, Fit::Pad)
    };
    let pixels = |background| {
        Request::new(&plain(4, 2, CLEAR))
            .transform(transform(background))
            .pixels()
    };
    let opaque = pixels([1, 2, 3, 255]);
    assert_eq!([opaque.at(0, 0), opaque.at(0, 1)], [[1, 2, 3, 255]; 2]);
    let glass = pixels([200, 100, 0, 100]);
    assert_eq!(
        [glass.at(0, 0), glass.at(0, 1)],
        [[200, 100, 0, 100]; 2],
        "once, not twice"
    );
    let clear = pixels(CLEAR);
    assert_eq!([clear.at(0, 0), clear.at(0, 1)], [CLEAR; 2]);
}

#[test]
fn a_background_does_nothing_to_an_opaque_picture() {
    let transform = Transform {
        background: Some(color([0, 0, 255, 255])),
        ..Transform::default()
    };
    assert_eq!(
        Request::new(&plain(1, 1, RED))
            .transform(transform)
            .pixels()
            .at(0, 0),
        RED
    );
}

#[test]
fn flip_comes_before_rotation_within_one_transform() {
    // Red on the left of blue: flipped, then turned clockwise, blue is above red.
    let image = busy(2, 1, Channels::Rgb);
    let [left, right] = [&rgba(&image)[..4], &rgba(&image)[4..]].map(<[u8]>::to_vec);
    let both = Transform {
        flip: Some(Flip::Horizontal),
        rotate: Rotation::Quarter,
        ..Transform::default()
    };
    let turned = Request::new(&png(&image)).transform(both).pixels();
    assert_eq!(turned.size(), (1, 2));
    assert_eq!(
        [turned.at(0, 0).to_vec(), turned.at(0, 1).to_vec()],
        [right, left]
    );
}

#[test]
fn separate_transforms_run_in_call_order() {
    let image = png(&busy(6, 4, Channels::Rgb));
    let rotate = Transform {
        rotate: Rotation::Quarter,
        ..Transform::default()
    };
    let flip = Transform {
        flip: Some(Flip::Horizontal),
        ..Transform::default()
    };
    let rotated_first = Request::new(&image)
        .transform(rotate.clone())
        .transform(flip.clone())
        .pixels();
    let flipped_first = Request::new(&image)
        .transform(flip)
        .transform(rotate)
        .pixels();
    assert!(rotated_first != flipped_first);
}

#[test]
fn each_transform_works_on_what_the_one_before_left() {
    // A fine grid is grey once it has been small.
    let mut data = Vec::new();
    for y in 0..64 {
        for x in 0..64 {
            data.extend([if (x + y) % 2 == 0 { 255 } else { 0 }; 3]);
        }
    }
    let size = safelight_images::options::Size::new(64, 64);
    let grid = safelight_images::image::Image::new(size, Channels::Rgb, data).unwrap();
    let there_and_back = Request::new(&png(&grid))
        .transform(sized(8, 8, Fit::Contain))
        .transform(sized(64, 64, Fit::Contain))
        .pixels();
    assert_eq!(there_and_back.size(), (64, 64));
    assert!(
        there_and_back
            .data
            .chunks(4)
            .all(|pixel| pixel[0].abs_diff(128) < 8)
    );
}

#[test]
fn a_crop_keeps_the_side_that_gravity_names() {
    // Four columns of their own grey each.
    let data = (0..2)
        .flat_map(|_| [10, 20, 30, 40].into_iter().flat_map(|grey| [grey; 3]))
        .collect();
    let size = safelight_images::options::Size::new(4, 2);
    let image = safelight_images::image::Image::new(size, Channels::Rgb, data).unwrap();
    for (x, first) in [(0.0, 10), (0.5, 20), (1.0, 30)] {
        let transform = Transform {
            gravity: Gravity::Remainder { x, y: 0.5 },
            ..sized(2, 2, Fit::Cover)
        };
        let cropped = Request::new(&png(&image)).transform(transform).pixels();
        assert_eq!(cropped.size(), (2, 2));
        assert_eq!(cropped.at(0, 0)[0], first, "at {x}");
    }
}

#[test]
fn a_result_without_pixels_cannot_be_asked_for() {
    let thin = Request::new(&plain(1000, 1, RED))
        .transform(sized(10, 10, Fit::Contain))
        .pixels();
    assert_eq!(thin.size(), (10, 1));
}

#[test]
fn the_output_background_is_below_the_finished_picture() {
    let half = plain(1, 1, [255, 0, 0, 128]);
    let output = |format, background| Output {
        background: Some(color(background)),
        ..output(format)
    };
    let rgb = Request::new(&half)
        .output(output(Format::Rgb, [0, 0, 255, 255]))
        .try_run()
        .unwrap();
    assert_eq!(rgb.image.bytes, [128, 0, 127]);
    let rgba = Request::new(&half)
        .output(output(Format::Rgba, [0, 0, 255, 128]))
        .try_run()
        .unwrap();
    assert_eq!(rgba.image.bytes[3], 192);
}

#[test]
fn one_dimension_with_a_cropping_fit_is_warned_of() {
    let warnings = |fit, height| {
        let transform = Transform {
            width: Some(2),
            height,
            fit: Some(fit),
            ..Transform::default()
        };
        Request::new(&plain(4, 4, RED))
            .transform(transform)
            .encoded(Format::Rgb)
            .facts
            .warnings
    };
    assert_eq!(
        warnings(Fit::Cover, None),
        ["cover fit mode needs both width and height"]
    );
    assert_eq!(
        warnings(Fit::Crop, None),
        ["crop fit mode needs both width and height"]
    );
    assert!(warnings(Fit::Cover, Some(2)).is_empty());
    assert!(warnings(Fit::Contain, None).is_empty());
}

#[test]
fn the_log_learns_what_the_source_was() {
    let encoded = Request::new(&plain(4, 3, RED)).encoded(Format::Jpeg);
    assert_eq!(encoded.facts.source, "image/png 4x3");
    assert_eq!(
        (
            encoded.facts.width,
            encoded.facts.height,
            encoded.image.content_type
        ),
        (4, 3, "image/jpeg")
    );
}

/// A float's last bit may put the end of a crop beyond the picture, at one size in ten.
#[test]
fn a_crop_that_touches_the_far_edges_succeeds_at_every_size() {
    let corners = [
        Gravity::Remainder { x: 1.0, y: 1.0 },
        Gravity::Remainder { x: 1.0, y: 0.3 },
        Gravity::BoxCenter { x: 0.9, y: 1.0 },
    ];
    for side in 20..=120 {
        let source = png(&busy(side, side + 7, Channels::Rgb));
        for (gravity, fit) in corners
            .into_iter()
            .flat_map(|gravity| [(gravity, Fit::Cover), (gravity, Fit::Crop)])
        {
            let transform = Transform {
                gravity,
                ..sized(19, 11, fit)
            };
            let cropped = Request::new(&source).transform(transform).try_run();
            let size = cropped.map(|cropped| (cropped.facts.width, cropped.facts.height));
            assert_eq!(size, Ok((19, 11)), "{side} pixels, {fit} at {gravity:?}");
        }
    }
}
