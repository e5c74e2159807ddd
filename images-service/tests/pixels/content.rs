//! Steps that depend on the content of a picture, and their approximations without a model.

use safelight_images::{
    Models,
    options::{BorderTrim, Color, Frames, Gravity, Output, Rotation, Transform, Trim},
    pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Fit, Format, Segment, Upscale};

use crate::{
    movie::{Movie, decoded, made_by_pillow},
    request::{Pixels, Request, output, painted},
};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];

fn after(image: &[u8], transform: Transform) -> Pixels {
    Request::new(image).transform(transform).pixels()
}

#[test]
fn a_crop_follows_the_content_of_the_turned_picture() {
    // Red is on the left; turned clockwise it is on top.
    let image = painted(
        40,
        20,
        |x, _| if x < 10 { RED } else { [120, 120, 120, 255] },
    );
    for gravity in [Gravity::Auto, Gravity::Entropy] {
        let transform = Transform {
            rotate: Rotation::Quarter,
            width: Some(20),
            height: Some(20),
            fit: Some(Fit::Cover),
            gravity,
            ..Transform::default()
        };
        let result = after(&image, transform);
        assert_eq!(result.size(), (20, 20));
        let reds = result.data.chunks(4).filter(|pixel| *pixel == RED).count();
        assert!(reds > 0, "{gravity:?}");
    }
}

#[test]
fn the_subject_stays_and_a_background_fills_what_is_gone() {
    let subject = painted(20, 20, |x, y| match (x, y) {
        (6..14, 6..14) => RED,
        _ => [230, 240, 250, 255],
    });
    let alone = Transform {
        segment: Some(Segment::Foreground),
        ..Transform::default()
    };
    let result = after(&subject, alone.clone());
    assert_eq!(result.at(10, 10), RED);
    assert_eq!(result.at(1, 1), [230, 240, 250, 0], "colours stay");
    let filled = Transform {
        background: Some(Color {
            r: 0,
            g: 0,
            b: 255,
            a: 255,
        }),
        ..alone
    };
    let result = after(&subject, filled);
    assert_eq!([result.at(1, 1), result.at(10, 10)], [BLUE, RED]);
}

#[test]
fn approximations_are_warned_of_once_or_refused() {
    let face = Transform {
        width: Some(5),
        height: Some(5),
        fit: Some(Fit::Cover),
        gravity: Gravity::Face,
        ..Transform::default()
    };
    let segment = Transform {
        segment: Some(Segment::Foreground),
        ..Transform::default()
    };
    let generate = Transform {
        width: Some(30),
        fit: Some(Fit::Contain),
        upscale: Some(Upscale::Generate),
        ..Transform::default()
    };
    for (transform, text) in [
        (face, "face detection unavailable"),
        (segment, "segment approximated"),
        (generate, "upscale=generate approximated"),
    ] {
        let request = || {
            Request::new(&painted(10, 6, |x, _| if x < 4 { RED } else { WHITE }))
                .transform(transform.clone())
        };
        assert_eq!(request().try_run().unwrap().facts.warnings, [text]);
        let strict = PixelLimits {
            models: Models {
                strict: true,
                ..Models::default()
            },
            ..PixelLimits::default()
        };
        let error = request().try_run_within(&strict).unwrap_err();
        assert_eq!((error.code, error.code.number()), (ErrorCode::Busy, 9522));
        assert!(error.message.starts_with(text), "{error}");
    }
}

#[test]
fn a_detector_of_faces_moves_the_crop() {
    let limits = PixelLimits {
        models: Models {
            faces: Some(|image| {
                assert_eq!(image.size().width, 20, "it sees the turned picture");
                vec![safelight_images::options::Rect {
                    left: 0,
                    top: 30,
                    size: safelight_images::options::Size::new(5, 5),
                }]
            }),
            ..Models::default()
        },
        ..PixelLimits::default()
    };
    let image = painted(40, 20, |x, _| if x >= 30 { RED } else { WHITE });
    let crop = |zoom| {
        let transform = Transform {
            rotate: Rotation::Quarter,
            width: Some(10),
            height: Some(10),
            fit: Some(Fit::Cover),
            gravity: Gravity::Face,
            zoom,
            ..Transform::default()
        };
        let encoded = Request::new(&image)
            .transform(transform)
            .try_run_within(&limits)
            .unwrap();
        assert_eq!((encoded.facts.width, encoded.facts.height), (10, 10));
        assert!(encoded.facts.warnings.is_empty());
        encoded
            .image
            .bytes
            .chunks(4)
            .filter(|pixel| *pixel == RED)
            .count()
    };
    assert!(crop(0.0) < 100, "half of the picture");
    assert_eq!(crop(1.0), 100, "the face alone");
}

/// Three frames of 24x16, on which a red square of 8x6 moves by 8 to the right.
fn moving() -> Vec<u8> {
    let make = "frames = []\n\
        for n in range(3):\n    \
            f = Image.new('RGBA', (24, 16), (20, 20, 220, 255))\n    \
            f.paste((255, 0, 0, 255), (n * 8, 5, n * 8 + 8, 11))\n    \
            frames.append(f)\n";
    made_by_pillow(make, "'WEBP', lossless=True, duration=50").0
}

fn frames(transform: Transform) -> Movie {
    let lossless = Output {
        quality: Some(100),
        ..output(Format::Webp)
    };
    let encoded = Request::new(&moving())
        .transform(transform)
        .output(lossless)
        .try_run()
        .unwrap();
    decoded(&encoded.image.bytes, Frames::All)
}

#[test]
fn every_frame_gets_the_decisions_of_the_first_frame() {
    let transform = Transform {
        trim: Trim {
            border: Some(BorderTrim::default()),
            ..Trim::default()
        },
        ..Transform::default()
    };
    let movie = frames(transform);
    // The last two frames are equal, and are written as one.
    assert_eq!((movie.size, movie.frames.len()), ((8, 6), 2));
    let all = |frame: usize, color: [u8; 4]| movie.frames[frame].chunks(4).all(|p| p == color);
    assert!(all(0, RED));
    assert!(all(1, [20, 20, 220, 255]), "where the square was at first");
}

#[test]
fn every_frame_has_a_subject_of_its_own() {
    let transform = Transform {
        segment: Some(Segment::Foreground),
        ..Transform::default()
    };
    let movie = frames(transform);
    let alpha = |frame: usize, x: usize| movie.frames[frame][(8 * 24 + x) * 4 + 3];
    assert_eq!([alpha(1, 12), alpha(2, 12)], [255, 0]);
}
