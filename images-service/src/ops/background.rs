//! Composes a picture over a colour.

use crate::{
    image::{Channels, Image},
    ops::composite::over,
    options::Color,
};

/// Composes the picture over a colour. The result has alpha only if the colour is not opaque.
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
