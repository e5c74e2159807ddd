//! The number of palette entries, and the entry of transparent pixels.

use super::{CLEAR, exact, quantize_with_mask};
use crate::{
    image::{Channels, Image},
    options::Size,
};

fn greys(count: u32) -> Vec<[u8; 3]> {
    (0..count)
        .map(|number| {
            let [low, high, ..] = number.to_le_bytes();
            [low, high, 7]
        })
        .collect()
}

#[test]
fn up_to_256_colours_are_kept_as_they_are() {
    for count in [1, 2, 255, 256] {
        let pixels = greys(count);
        let image = Image::new(Size::new(count, 1), Channels::Rgb, pixels.concat()).unwrap();
        let indexed = exact(&image).unwrap();
        let pixels: Vec<u8> = indexed
            .indices
            .iter()
            .flat_map(|index| indexed.colors[usize::from(*index)][..3].to_vec())
            .collect();
        assert_eq!(pixels, image.data(), "{count}");
    }
    let many = Image::new(Size::new(257, 1), Channels::Rgb, greys(257).concat()).unwrap();
    assert!(exact(&many).is_none());
}

#[test]
fn what_is_not_there_takes_one_entry() {
    let pixels = greys(255).into_iter().map(Some).chain([None]);
    let indexed = quantize_with_mask(Size::new(256, 1), pixels).unwrap();
    assert_eq!(indexed.colors.len(), 256);
    assert_eq!(indexed.colors[usize::from(indexed.indices[255])], CLEAR);
}

#[test]
fn too_many_colours_leave_room_for_the_transparent_one() {
    let pixels = greys(600)
        .into_iter()
        .enumerate()
        .map(|(at, pixel)| (at % 3 != 0).then_some(pixel));
    let indexed = quantize_with_mask(Size::new(600, 1), pixels.clone()).unwrap();
    assert!(indexed.colors.len() <= 256);
    for (pixel, index) in pixels.zip(&indexed.indices) {
        let color = indexed.colors[usize::from(*index)];
        assert_eq!(color[3] == 255, pixel.is_some());
    }
}
