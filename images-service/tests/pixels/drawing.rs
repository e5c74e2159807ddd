//! One picture on top of another.

use safelight_images::options::{Draw, Position, Transform};
use safelight_protocol::{Composite, ErrorCode, Fit, Format, Repeat};

use crate::request::{Pixels, Request, at, painted, plain};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];

fn drawn(base: &[u8], overlay: &[u8], draw: Draw) -> Pixels {
    Request::new(base)
        .overlay(overlay)
        .draw(1, 0, draw)
        .pixels()
}

#[test]
fn the_middle_is_the_default_and_the_base_keeps_its_size() {
    let result = drawn(&plain(5, 5, WHITE), &plain(2, 2, RED), Draw::default());
    assert_eq!(result.size(), (5, 5));
    assert_eq!([result.at(1, 1), result.at(2, 2)], [RED; 2]);
    assert_eq!([result.at(0, 0), result.at(3, 3)], [WHITE; 2]);
}

#[test]
fn each_axis_has_its_own_place() {
    let draw = Draw {
        vertical: Position::End(1),
        ..Draw::default()
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
    let result = Request::new(&plain(3, 1, WHITE))
        .overlay(&plain(8, 8, RED))
        .transform_image(1, narrow)
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
    let result = Request::new(&plain(3, 1, WHITE))
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
    let shrunk = Request::new(&plain(2, 2, WHITE))
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
    let error = Request::new(&plain(1, 1, WHITE))
        .overlay(b"not an image")
        .try_run()
        .unwrap_err();
    assert!(error.message.starts_with("overlay 1: "), "{error}");
}

/// Returns the rows of a picture: `#` for a red pixel, `.` for any other.
fn red(result: &Pixels) -> Vec<String> {
    let row = |y| (0..result.width).map(move |x| if result.at(x, y) == RED { '#' } else { '.' });
    (0..result.height).map(|y| row(y).collect()).collect()
}

#[test]
fn tiles_cover_the_axes_that_repeat_names_and_one_stands_at_the_offset() {
    // The left column of the overlay is red, and the right one white.
    let overlay = painted(2, 2, |x, _| if x == 0 { RED } else { WHITE });
    let tiled = |repeat, horizontal, vertical| {
        let draw = Draw {
            repeat: Some(repeat),
            horizontal,
            vertical,
            ..Draw::default()
        };
        red(&drawn(&plain(5, 5, WHITE), &overlay, draw))
    };
    let (middle, start, end) = (Position::Center, Position::Start, Position::End);
    assert_eq!(tiled(Repeat::Both, middle, middle), ["#.#.#"; 5]);
    assert_eq!(tiled(Repeat::Both, start(1), start(-7)), [".#.#."; 5]);
    assert_eq!(tiled(Repeat::Both, end(0), middle), [".#.#."; 5]);
    let row = [".....", "#.#.#", "#.#.#", ".....", "....."];
    assert_eq!(tiled(Repeat::X, middle, middle), row);
    let last = [".....", ".....", ".....", "#.#.#", "#.#.#"];
    assert_eq!(tiled(Repeat::X, middle, end(0)), last);
    assert_eq!(tiled(Repeat::Y, middle, start(3)), [".#..."; 5]);
    assert_eq!(tiled(Repeat::Y, start(9), middle), ["....."; 5]);
}

#[test]
fn tiles_larger_than_the_base_and_of_one_pixel_are_tiles_as_well() {
    let large = painted(7, 7, |x, y| if x == y { RED } else { WHITE });
    let draw = Draw {
        repeat: Some(Repeat::Both),
        horizontal: Position::Start(2),
        vertical: Position::Start(2),
        ..Draw::default()
    };
    let result = drawn(&plain(3, 3, WHITE), &large, draw);
    assert_eq!(red(&result), ["#..", ".#.", "..#"]);
    let result = drawn(&plain(3, 3, WHITE), &plain(1, 1, RED), draw);
    assert_eq!(red(&result), ["###"; 3]);
}

#[test]
fn every_mode_mixes_as_the_specifications_vectors_say_and_only_inside_of_the_box() {
    for (composite, expected) in [
        (Composite::Over, [128, 0, 128, 255]),
        (Composite::Atop, [128, 0, 128, 255]),
        (Composite::In, [255, 0, 0, 128]),
        (Composite::Out, [0, 0, 0, 0]),
        (Composite::Xor, [0, 0, 255, 128]),
        (Composite::Lighter, [128, 0, 255, 255]),
    ] {
        let half = Draw {
            composite,
            opacity: 0.5,
            ..at(1, 0)
        };
        for base in [plain(3, 2, BLUE), painted(3, 2, |_, _| BLUE)] {
            let result = drawn(&base, &plain(1, 2, RED), half);
            assert_eq!(
                [result.at(1, 0), result.at(1, 1)],
                [expected; 2],
                "{composite}"
            );
            assert_eq!([result.at(0, 0), result.at(2, 1)], [BLUE; 2], "{composite}");
        }
    }
}

#[test]
fn ink_in_a_cut_out_leaves_its_silhouette() {
    let cut_out = painted(3, 1, |x, _| [200, 100, 50, if x == 1 { 255 } else { 0 }]);
    let ink = Draw {
        composite: Composite::In,
        ..Draw::default()
    };
    let result = drawn(&cut_out, &plain(3, 1, [0, 0, 0, 255]), ink);
    assert_eq!(
        [result.at(0, 0), result.at(1, 0), result.at(2, 0)],
        [[0; 4], [0, 0, 0, 255], [0; 4]]
    );
}

#[test]
fn an_overlay_without_opacity_changes_nothing_in_four_modes_and_clears_the_box_in_two() {
    let base = painted(3, 1, |x, _| [9, 8, 7, u8::try_from(x).unwrap() * 100]);
    let invisible = |composite| {
        let draw = Draw {
            composite,
            opacity: 0.0,
            ..at(0, 0)
        };
        drawn(&base, &plain(2, 1, RED), draw).data
    };
    let same = drawn(&base, &plain(1, 1, RED), at(9, 9)).data;
    for mode in [
        Composite::Over,
        Composite::Atop,
        Composite::Xor,
        Composite::Lighter,
    ] {
        assert_eq!(invisible(mode), same, "{mode}, and what is hidden stays");
    }
    for mode in [Composite::In, Composite::Out] {
        assert_eq!(invisible(mode), [0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 7, 200]);
    }
}

#[test]
fn tiles_in_a_mode_that_clears_clear_their_whole_strip() {
    let draw = Draw {
        composite: Composite::Out,
        repeat: Some(Repeat::X),
        ..at(1, 1)
    };
    let result = drawn(&plain(4, 3, BLUE), &plain(2, 1, RED), draw);
    let clear = |y| (0..4).all(|x| result.at(x, y) == [0; 4]);
    assert_eq!([clear(0), clear(1), clear(2)], [false, true, false]);
}

#[test]
fn an_opaque_base_gets_alpha_where_a_mode_can_lower_it() {
    let channels = |composite| {
        let draw = Draw {
            composite,
            ..Draw::default()
        };
        let request = Request::new(&plain(2, 2, BLUE)).overlay(&plain(1, 1, RED));
        // The colour type of a PNG: 2 is without alpha, 6 with it.
        request.draw(1, 0, draw).encoded(Format::Png).image.bytes[25]
    };
    for mode in [Composite::Over, Composite::Atop, Composite::Lighter] {
        assert_eq!(channels(mode), 2, "{mode}");
    }
    for mode in [Composite::In, Composite::Out, Composite::Xor] {
        assert_eq!(channels(mode), 6, "{mode}");
    }
}

#[test]
fn a_draw_without_two_pictures_is_an_error() {
    let draw = |overlay, target| {
        let request = Request::new(&plain(2, 2, BLUE)).overlay(&plain(1, 1, RED));
        let result = request.draw(overlay, target, Draw::default()).try_run();
        result.map(|_| ()).map_err(|error| error.code)
    };
    assert_eq!(draw(1, 0), Ok(()));
    for (overlay, target) in [(2, 0), (1, 2), (0, 0)] {
        let code = draw(overlay, target);
        assert_eq!(code, Err(ErrorCode::Internal), "{overlay} on {target}");
    }
}
