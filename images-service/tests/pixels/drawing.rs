//! One picture on top of another.

use safelight_images::request::{Draw, Position, Transform};
use safelight_protocol::Fit;

use crate::request::{Pixels, Request, at, plain};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];

fn drawn(base: &[u8], overlay: &[u8], draw: Draw) -> Pixels {
    Request::of(base).overlay(overlay).draw(1, 0, draw).pixels()
}

#[test]
fn the_middle_is_the_default_and_the_base_keeps_its_size() {
    let draw = Draw {
        opacity: 1.0,
        horizontal: Position::Center,
        vertical: Position::Center,
    };
    let result = drawn(&plain(5, 5, WHITE), &plain(2, 2, RED), draw);
    assert_eq!(result.size(), (5, 5));
    assert_eq!([result.at(1, 1), result.at(2, 2)], [RED; 2]);
    assert_eq!([result.at(0, 0), result.at(3, 3)], [WHITE; 2]);
}

#[test]
fn each_axis_has_its_own_place() {
    let draw = Draw {
        opacity: 1.0,
        horizontal: Position::Center,
        vertical: Position::End(1),
    };
    let result = drawn(&plain(5, 5, WHITE), &plain(1, 1, RED), draw);
    assert_eq!(result.at(2, 3), RED);
}

#[test]
fn half_an_overlay_is_mixed_in_srgb() {
    let half = Draw {
        opacity: 0.5,
        ..at(0, 0)
    };
    let over = |base| drawn(&plain(1, 1, base), &plain(1, 1, RED), half).at(0, 0);
    assert_eq!(over(WHITE), [255, 128, 128, 255]);
    assert_eq!(over(BLUE), [128, 0, 128, 255]);
}

#[test]
fn an_overlay_hanging_over_is_clipped_and_one_outside_is_nothing() {
    let base = plain(3, 3, WHITE);
    let clipped = drawn(&base, &plain(4, 4, RED), at(-2, 2));
    assert_eq!([clipped.at(0, 2), clipped.at(1, 2)], [RED; 2]);
    assert_eq!([clipped.at(2, 2), clipped.at(0, 1)], [WHITE; 2]);
    let outside = drawn(&base, &plain(2, 2, RED), at(3, 0));
    assert!(outside.data.iter().all(|value| *value == 255));
    let huge = drawn(&base, &plain(20, 20, RED), at(-5, -5));
    assert_eq!(huge.size(), (3, 3));
    assert_eq!([huge.at(0, 0), huge.at(2, 2)], [RED; 2]);
}

#[test]
fn a_transparent_base_takes_the_overlays_alpha() {
    let result = drawn(
        &plain(2, 1, [9, 9, 9, 0]),
        &plain(1, 1, [0, 200, 0, 100]),
        at(0, 0),
    );
    assert_eq!(result.at(0, 0), [0, 200, 0, 100]);
    assert_eq!(
        result.at(1, 0),
        [9, 9, 9, 0],
        "outside of the overlay nothing changes"
    );
}

#[test]
fn an_overlay_is_transformed_before_it_is_drawn_and_can_be_drawn_twice() {
    let narrow = Transform {
        width: Some(1),
        height: Some(1),
        fit: Some(Fit::Squeeze),
        ..Transform::default()
    };
    let result = Request::of(&plain(3, 1, WHITE))
        .overlay(&plain(8, 8, RED))
        .transform_of(1, narrow)
        .draw(1, 0, at(0, 0))
        .draw(1, 0, at(2, 0))
        .pixels();
    assert_eq!(
        [result.at(0, 0), result.at(1, 0), result.at(2, 0)],
        [RED, WHITE, RED]
    );
}

#[test]
fn drawings_nest() {
    // Blue on red, and that on white.
    let result = Request::of(&plain(3, 1, WHITE))
        .overlay(&plain(2, 1, RED))
        .overlay(&plain(1, 1, BLUE))
        .draw(2, 1, at(1, 0))
        .draw(1, 0, at(0, 0))
        .pixels();
    assert_eq!(
        [result.at(0, 0), result.at(1, 0), result.at(2, 0)],
        [RED, BLUE, WHITE]
    );
}

#[test]
fn steps_after_a_drawing_see_it() {
    let shrunk = Request::of(&plain(2, 2, WHITE))
        .overlay(&plain(2, 2, RED))
        .draw(1, 0, at(0, 0))
        .transform(Transform {
            width: Some(1),
            ..Transform::default()
        })
        .pixels();
    assert_eq!(shrunk.at(0, 0), RED);
}

#[test]
fn a_fault_of_an_overlay_names_it() {
    let error = Request::of(&plain(1, 1, WHITE))
        .overlay(b"not an image")
        .try_run()
        .unwrap_err();
    assert!(error.message.starts_with("overlay 1: "), "{error}");
}
