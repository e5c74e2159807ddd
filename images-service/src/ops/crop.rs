//! Crops a box out of a picture.

use crate::{image::Image, options::Rect};

/// Copies the box, which must lie inside the picture.
pub(super) fn crop(image: &Image, part: Rect) -> Image {
    let pixel = image.channels().count();
    let mut cropped = Image::filled(part.size, image.channels(), [0; 4]);
    let stride = cropped.stride();
    let rows = image
        .data()
        .chunks_exact(image.stride().max(1))
        .skip(part.top as usize);
    for (to, from) in cropped.data_mut().chunks_exact_mut(stride.max(1)).zip(rows) {
        let start = part.left as usize * pixel;
        to.copy_from_slice(&from[start..start + stride]);
    }
    cropped
}

#[cfg(test)]
mod tests {
    use super::crop;
    use crate::{
        ops::numbered,
        options::{Rect, Size},
    };

    #[test]
    fn a_crop_keeps_the_box_and_nothing_else() {
        let part = Rect {
            left: 1,
            top: 1,
            size: Size::new(2, 2),
        };
        let cropped = crop(&numbered(4, 4), part);
        let values: Vec<u8> = cropped.data().chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(values, [6, 7, 10, 11]);
    }
}
