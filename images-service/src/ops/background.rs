//! Puts a colour under a picture.

use crate::{
    image::{Channels, Image},
    ops::composite::over,
    options::Color,
};

/// Composites the picture over a colour; the result has alpha only where the colour lets something through.
#[must_use]
pub fn background(mut image: Image, color: Color) -> Image {
    if image.channels() == Channels::Rgb || color.a == 0 {
        return image;
    }
    let below = [color.r, color.g, color.b, color.a];
    for pixel in image.data_mut().chunks_exact_mut(4) {
        if pixel[3] != 255 {
            let above = [pixel[0], pixel[1], pixel[2], pixel[3]];
            pixel.copy_from_slice(&over(above, below, 1.0));
        }
    }
    if color.a == 255 {
        image.into_rgb()
    } else {
        image
    }
}
