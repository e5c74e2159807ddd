//! Resampling of pictures that let something through: on premultiplied values, or hidden colours would show.

use fast_image_resize::{
    images::{TypedImage, TypedImageRef},
    pixels::U16x4,
};

use super::{Failure, Scale};
use crate::{geometry::Size, image::Image};

/// Where 0 lies in 16 bits. The kernels overshoot at edges, in the first pass as in the second, and what they take
/// from one side the other gives back: nothing may be clipped between them.
const ZERO: u32 = 1 << 14;

/// How far above it opaque lies: half of the product of two bytes.
const OPAQUE: u32 = 255 * 255 / 2;

pub(super) fn resize(image: &Image, scale: Scale) -> Result<Image, Failure> {
    let source: Vec<U16x4> = image
        .data()
        .chunks_exact(4)
        .map(|pixel| {
            let alpha = u32::from(pixel[3]);
            let by_alpha = |channel: u8| shifted(u32::from(channel) * alpha);
            U16x4::new([
                by_alpha(pixel[0]),
                by_alpha(pixel[1]),
                by_alpha(pixel[2]),
                shifted(255 * alpha),
            ])
        })
        .collect();
    let Size { width, height } = image.size();
    let source = TypedImageRef::new(width, height, &source).map_err(Failure::new)?;

    let size = scale.part.size;
    let mut target = TypedImage::<U16x4>::new(size.width, size.height);
    scale.run(&source, &mut target)?;

    let data = target
        .pixels()
        .iter()
        .flat_map(|pixel| straight(pixel.0))
        .collect();
    Image::new(size, image.channels(), data)
        .ok_or_else(|| Failure::new("the result has another size"))
}

fn shifted(product: u32) -> u16 {
    u16::try_from(ZERO + product / 2).unwrap_or(u16::MAX)
}

/// Back to straight bytes, rounded half up; nothing visible is (0,0,0,0).
fn straight(pixel: [u16; 4]) -> [u8; 4] {
    let [r, g, b, alpha] = pixel.map(|value| u32::from(value).saturating_sub(ZERO));
    let alpha = alpha.min(OPAQUE);
    let visible = to_byte((2 * alpha * 255 + OPAQUE) / (2 * OPAQUE));
    if visible == 0 {
        return [0; 4];
    }
    let channel = |value: u32| to_byte((2 * value.min(alpha) * 255 + alpha) / (2 * alpha));
    [channel(r), channel(g), channel(b), visible]
}

fn to_byte(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(255)
}
