//! Borders and crops by content, on pictures drawn for it.

use super::{inside_border, most_detailed, most_salient};
use crate::{
    image::{Channels, Image},
    options::{BorderTrim, Color, Rect, Size},
};

const fn rect(left: u32, top: u32, width: u32, height: u32) -> Rect {
    Rect {
        left,
        top,
        size: Size::new(width, height),
    }
}

/// A picture of one colour with boxes of others on it.
fn picture(size: Size, ground: [u8; 4], boxes: &[(Rect, [u8; 4])]) -> Image {
    let mut data = ground.repeat(size.pixels());
    for (part, color) in boxes {
        for y in part.top..part.top + part.size.height {
            for x in part.left..part.left + part.size.width {
                let at = (y as usize * size.width as usize + x as usize) * 4;
                data[at..at + 4].copy_from_slice(color);
            }
        }
    }
    Image::new(size, Channels::Rgba, data).unwrap()
}

const SIZE: Size = Size::new(20, 12);
const WHITE: [u8; 4] = [255; 4];
const RED: [u8; 4] = [255, 0, 0, 255];

fn trimmed(image: &Image, border: BorderTrim) -> Rect {
    let found = inside_border(image, border);
    let opaque = image.clone().into_rgb().into_rgba() == *image;
    if opaque {
        assert_eq!(inside_border(&image.clone().into_rgb(), border), found);
    }
    found
}

#[test]
fn a_border_ends_where_the_first_pixel_differs_on_each_side() {
    let dots = [
        (rect(3, 5, 1, 1), RED),
        (rect(9, 1, 1, 1), RED),
        (rect(17, 6, 1, 1), RED),
        (rect(8, 9, 1, 1), RED),
    ];
    let image = picture(SIZE, WHITE, &dots);
    assert_eq!(trimmed(&image, BorderTrim::default()), rect(3, 1, 15, 9));
}

#[test]
fn the_colour_is_one_that_two_corners_share_or_else_the_first_corners() {
    let corner = |left, top, color| (rect(left, top, 1, 1), color);
    let two = [corner(0, 0, RED), corner(19, 0, [0, 255, 0, 255])];
    let image = picture(SIZE, WHITE, &two);
    assert_eq!(trimmed(&image, BorderTrim::default()), rect(0, 0, 20, 1));
    let four = [
        (rect(0, 0, 10, 12), WHITE),
        corner(19, 0, [0, 255, 0, 255]),
        corner(0, 11, [0, 0, 255, 255]),
        corner(19, 11, [0, 0, 0, 255]),
    ];
    let image = picture(SIZE, RED, &four);
    assert_eq!(trimmed(&image, BorderTrim::default()), rect(0, 0, 20, 12));
    let narrow = picture(
        SIZE,
        WHITE,
        &[
            (rect(1, 0, 19, 12), RED),
            corner(19, 0, [0; 4]),
            corner(19, 11, [9; 4]),
        ],
    );
    assert_eq!(trimmed(&narrow, BorderTrim::default()), rect(1, 0, 19, 12));
}

#[test]
fn a_given_colour_goes_before_the_corners() {
    let red = Color {
        r: 255,
        g: 0,
        b: 0,
        a: 255,
    };
    let border = BorderTrim {
        color: Some(red),
        ..BorderTrim::default()
    };
    let image = picture(SIZE, WHITE, &[]);
    assert_eq!(trimmed(&image, border), rect(0, 0, 20, 12));
    let framed = picture(SIZE, RED, &[(rect(4, 4, 2, 2), WHITE)]);
    assert_eq!(trimmed(&framed, border), rect(4, 4, 2, 2));
}

#[test]
fn tolerance_is_the_largest_difference_of_one_channel_that_still_matches() {
    let near = picture(SIZE, [100; 4], &[(rect(5, 5, 4, 3), [110, 90, 100, 100])]);
    let image = picture(SIZE, [100; 4], &[(rect(5, 5, 4, 3), [110, 90, 100, 111])]);
    let border = |tolerance| BorderTrim {
        tolerance,
        ..BorderTrim::default()
    };
    assert_eq!(trimmed(&image, border(10)), rect(5, 5, 4, 3));
    assert_eq!(trimmed(&image, border(11)), rect(0, 0, 20, 12));
    assert_eq!(
        trimmed(&near, BorderTrim::default()),
        rect(0, 0, 20, 12),
        "10 is the default"
    );
    assert_eq!(trimmed(&near, border(0)), rect(5, 5, 4, 3), "0 is exact");
}

#[test]
fn colours_hidden_under_transparency_count() {
    let hidden = picture(
        SIZE,
        [0; 4],
        &[
            (rect(0, 0, 20, 12), [0; 4]),
            (rect(0, 3, 20, 1), [99, 0, 0, 0]),
        ],
    );
    assert_eq!(trimmed(&hidden, BorderTrim::default()), rect(0, 3, 20, 1));
}

#[test]
fn some_of_the_border_can_stay_but_never_more_than_there_is() {
    let image = picture(SIZE, WHITE, &[(rect(3, 5, 10, 4), RED)]);
    let border = |keep| BorderTrim {
        keep,
        ..BorderTrim::default()
    };
    assert_eq!(trimmed(&image, border(2)), rect(1, 3, 14, 8));
    assert_eq!(trimmed(&image, border(4)), rect(0, 1, 17, 11));
    assert_eq!(trimmed(&image, border(u32::MAX)), rect(0, 0, 20, 12));
}

#[test]
fn a_picture_that_is_all_border_stays_as_it_is() {
    for size in [SIZE, Size::new(1, 1), Size::new(1, 7)] {
        let image = picture(size, RED, &[]);
        assert_eq!(trimmed(&image, BorderTrim::default()), Rect::whole(size));
    }
}

#[test]
fn a_crop_follows_what_stands_out() {
    let wide = Size::new(200, 50);
    let kept = Size::new(50, 50);
    for left in [0, 30, 130, 180] {
        let image = picture(
            wide,
            [90, 110, 90, 255],
            &[(rect(left, 20, 20, 12), [230, 40, 40, 255])],
        );
        let crop = most_salient(&image, wide, kept);
        assert_eq!((crop.top, crop.size), (0, kept));
        assert!(
            crop.left <= left && left + 20 <= crop.left + 50,
            "{left} is in {crop:?}"
        );
        let turned = picture(
            wide.transposed(),
            [90, 110, 90, 255],
            &[(rect(20, left, 12, 20), [230, 40, 40, 255])],
        );
        let crop = most_salient(&turned, wide.transposed(), kept);
        assert!(crop.left == 0 && crop.top <= left && left + 20 <= crop.top + 50);
    }
}

#[test]
fn a_crop_of_large_pictures_is_found_on_a_copy_and_given_on_the_scaled_picture() {
    let large = Size::new(2000, 500);
    let image = picture(
        large,
        [90, 110, 90, 255],
        &[(rect(1800, 200, 200, 120), RED)],
    );
    let (scaled, kept) = (Size::new(400, 100), Size::new(100, 100));
    assert_eq!(
        most_salient(&image, scaled, kept),
        rect(300, 0, 100, 100),
        "flush with the edge"
    );
}

#[test]
fn a_crop_follows_detail() {
    let wide = Size::new(200, 50);
    let kept = Size::new(50, 50);
    for left in [0, 30, 150] {
        let mut image = picture(
            wide,
            [90, 90, 90, 255],
            &[(rect(150 - left, 0, 50, 50), WHITE)],
        );
        for y in 0..50 {
            for x in left..left + 50 {
                let gray = u8::try_from((x * 37 + y * 91) % 251).unwrap();
                let at = (y as usize * 200 + x as usize) * 4;
                image.data_mut()[at..at + 3].fill(gray);
            }
        }
        assert_eq!(most_detailed(&image, wide, kept), rect(left, 0, 50, 50));
    }
}

#[test]
fn without_a_difference_a_crop_is_in_the_middle() {
    let plain = picture(Size::new(101, 50), [7, 99, 200, 255], &[]);
    let kept = Size::new(50, 50);
    for find in [most_salient, most_detailed] {
        let crop = find(&plain, plain.size(), kept);
        assert_eq!(crop, rect(25, 0, 50, 50));
        assert_eq!(
            find(&plain, Size::new(101, 50), Size::new(101, 50)),
            rect(0, 0, 101, 50)
        );
    }
}

#[test]
fn pictures_of_any_size_have_a_crop_inside_of_them() {
    for (width, height) in [(1, 1), (1, 9), (9, 1), (3000, 2), (2, 3000), (257, 300)] {
        let size = Size::new(width, height);
        let image = picture(size, RED, &[(rect(0, 0, 1, 1), WHITE)]);
        for kept in [Size::new(1, height), Size::new(width, 1), Size::new(1, 1)] {
            for find in [most_salient, most_detailed] {
                let crop = find(&image, size, kept);
                assert_eq!(crop.size, kept);
                assert!(crop.left + kept.width <= width && crop.top + kept.height <= height);
            }
        }
    }
}
