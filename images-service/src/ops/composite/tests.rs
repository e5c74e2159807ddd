//! The formulas, verified by the specification's numbers and by exact fractions.

use super::{atop, lighter, over, source_in, source_out, xor};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];

#[test]
fn half_red_on_blue_is_the_specifications_vector_in_every_mode() {
    assert_eq!(over(RED, BLUE, 0.5), [128, 0, 128, 255]);
    assert_eq!(atop(RED, BLUE, 0.5), [128, 0, 128, 255]);
    assert_eq!(source_in(RED, BLUE, 0.5), [255, 0, 0, 128]);
    assert_eq!(source_out(RED, BLUE, 0.5), [0, 0, 0, 0]);
    assert_eq!(xor(RED, BLUE, 0.5), [0, 0, 255, 128]);
    assert_eq!(lighter(RED, BLUE, 0.5), [128, 0, 255, 255]);
}

#[test]
fn on_a_half_transparent_base_every_mode_follows_its_formula() {
    // Sa = 1 and Ba = 0.4.
    let base = [0, 0, 255, 102];
    assert_eq!(over(RED, base, 1.0), RED);
    assert_eq!(atop(RED, base, 1.0), [255, 0, 0, 102]);
    assert_eq!(source_in(RED, base, 1.0), [255, 0, 0, 102]);
    assert_eq!(source_out(RED, base, 1.0), [255, 0, 0, 153]);
    assert_eq!(xor(RED, base, 1.0), [255, 0, 0, 153]);
    assert_eq!(lighter(RED, base, 1.0), [255, 0, 102, 255]);
}

#[test]
fn an_overlay_without_opacity_clears_in_two_modes_and_does_nothing_in_the_others() {
    let base = [3, 77, 201, 99];
    for mode in [over, atop, xor, lighter] {
        assert_eq!(mode(RED, base, 0.0), base);
    }
    for mode in [source_in, source_out] {
        assert_eq!(mode(RED, base, 0.0), [0; 4]);
    }
}

#[test]
fn what_rounds_to_no_alpha_has_no_colour_either() {
    for mode in [over, atop, source_in, source_out, xor, lighter] {
        assert_eq!(mode([255, 255, 255, 1], [9, 9, 9, 0], 0.25), [0; 4]);
    }
}

#[test]
fn half_red_over_white_rounds_half_up() {
    assert_eq!(over([255, 0, 0, 255], [255; 4], 0.5), [255, 128, 128, 255]);
}

#[test]
fn half_red_over_blue_is_the_specifications_vector() {
    assert_eq!(
        over([255, 0, 0, 255], [0, 0, 255, 255], 0.5),
        [128, 0, 128, 255]
    );
}

#[test]
fn an_opaque_base_stays_opaque_and_no_colour_leaves_the_range_of_its_parents() {
    for alpha in 0..=255 {
        for below in [0, 1, 127, 254, 255] {
            let mixed = over([200, 0, 255, alpha], [below, below, below, 255], 1.0);
            assert_eq!(mixed[3], 255);
            assert!(mixed[1] <= below && mixed[2] >= below, "{mixed:?}");
        }
    }
}

#[test]
fn whole_numbers_agree_with_exact_fractions() {
    for alpha in 0..=255_u64 {
        for below in 0..=255_u64 {
            let bytes = |value: u64| u8::try_from(value).unwrap();
            let exact = |above: u64, below: u64| {
                // floor(n/d + 1/2) in whole numbers.
                let (n, d) = (above * alpha + below * (255 - alpha), 255);
                bytes((2 * n + d) / (2 * d))
            };
            let mixed = over(
                [13, 240, 128, bytes(alpha)],
                [bytes(below), 7, bytes(255 - below), 255],
                1.0,
            );
            let expected = [
                exact(13, below),
                exact(240, 7),
                exact(128, 255 - below),
                255,
            ];
            assert_eq!(mixed, expected, "alpha {alpha} over {below}");
        }
    }
}

#[test]
fn nothing_over_nothing_is_black() {
    assert_eq!(over([9, 9, 9, 0], [7, 7, 7, 0], 1.0), [0; 4]);
}

#[test]
fn what_is_transparent_leaves_the_base_as_it_is() {
    for alpha in 1..=255 {
        let below = [3, 77, 201, alpha];
        assert_eq!(over([9, 9, 9, 0], below, 1.0), below);
    }
}

#[test]
fn two_half_transparent_layers_add_up() {
    // 128/255 over 128/255 white: alpha = 128 + 128 * 127 / 255 = 191.7.
    assert_eq!(
        over([0, 0, 0, 128], [255, 255, 255, 128], 1.0),
        [85, 85, 85, 192]
    );
}
