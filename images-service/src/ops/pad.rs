//! Puts a picture on a larger canvas.

use crate::{
    geometry::Padding,
    image::{Channels, Image},
    options::Color,
};

/// Puts the picture on a canvas of the given colour. Transparent pixels of the picture stay as they are.
pub(super) fn pad(image: &Image, padding: Padding, fill: Color) -> Image {
    // An opaque picture gets an alpha channel only if the canvas needs one.
    if image.channels() == Channels::Rgb && fill.a != 255 {
        return pad(&image.clone().into_rgba(), padding, fill);
    }
    let pixel = image.channels().count();
    let color = [fill.r, fill.g, fill.b, fill.a];
    let mut canvas = Image::filled(padding.canvas, image.channels(), color);
    let (stride, width) = (canvas.stride().max(1), image.stride());
    let rows = canvas
        .data_mut()
        .chunks_exact_mut(stride)
        .skip(padding.top as usize);
    for (to, from) in rows.zip(image.data().chunks_exact(width.max(1))) {
        let start = padding.left as usize * pixel;
        to[start..start + width].copy_from_slice(from);
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::pad;
    use crate::{
        geometry::Padding,
        image::{Channels, Image},
        ops::numbered,
        options::{Color, Size},
    };

    const AROUND: Padding = Padding {
        left: 1,
        top: 1,
        canvas: Size::new(3, 4),
    };

    fn color(a: u8) -> Color {
        Color {
            r: 9,
            g: 9,
            b: 9,
            a,
        }
    }

    #[test]
    fn only_the_added_area_has_the_colour() {
        let padded = pad(&numbered(1, 2), AROUND, color(255));
        let values: Vec<u8> = padded.data().chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(values, [9, 9, 9, 9, 1, 9, 9, 2, 9, 9, 9, 9]);
        assert_eq!(padded.channels(), Channels::Rgb);
    }

    #[test]
    fn transparent_pixels_of_the_picture_stay_transparent() {
        let hole = Image::filled(Size::new(1, 2), Channels::Rgba, [1, 2, 3, 0]);
        let padded = pad(&hole, AROUND, color(255));
        assert_eq!(padded.data()[4 * 4..5 * 4], [1, 2, 3, 0]);
        assert_eq!(padded.data()[..4], [9, 9, 9, 255]);
    }

    #[test]
    fn a_transparent_canvas_gives_an_opaque_picture_alpha() {
        let padded = pad(&numbered(1, 2), AROUND, color(0));
        assert_eq!(padded.channels(), Channels::Rgba);
        assert_eq!(padded.data()[..4], [9, 9, 9, 0]);
        assert_eq!(padded.data()[4 * 4 + 3], 255);
    }
}
