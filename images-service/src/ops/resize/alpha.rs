//! Resamples pictures with alpha, on premultiplied values of 16 bits.

use fast_image_resize::{
    images::{TypedCroppedImageMut, TypedImage, TypedImageRef},
    pixels::U16x4,
};

use super::{Pass, Pixels, ResizeError, Scale};
use crate::{
    image::Image,
    options::{Rect, Size},
};

/// The 16-bit value that stands for 0. The kernels overshoot at edges in both passes, and the second pass gives back
/// what the first has taken, so nothing may be clipped between them.
const ZERO: u32 = 1 << 14;

/// The distance of an opaque channel's 255 from [`ZERO`]: half of the product of two bytes.
const OPAQUE: u32 = 255 * 255 / 2;

/// The number of pixels that are wide at a time, besides those between the passes, unless one line has more. Every
/// piece computes its kernel anew, so that smaller pieces take longer.
pub(super) const PIECE: u64 = 1 << 19;

/// Scales a picture. At most `max_pixels` pixels are wide at a time, as described at [`PIECE`].
pub(super) fn resize(image: &Image, scale: Scale, max_pixels: u64) -> Result<Image, ResizeError> {
    let (first, second) = scale.passes();
    let between = first_pass(image, first, max_pixels)?;
    let mut resized = Image::filled(scale.part.size, image.channels(), [0; 4]);
    let Some(second) = second else {
        put(&between, &mut resized, Rect::whole(scale.part.size));
        return Ok(resized);
    };
    for (piece, place) in second.pieces(lines(second.length, max_pixels)) {
        let mut target = TypedImage::<U16x4>::new(place.size.width, place.size.height);
        piece.run(&between, &mut target)?;
        put(&target, &mut resized, place);
    }
    Ok(resized)
}

/// Does the first pass over a picture.
fn first_pass(
    image: &Image,
    pass: Pass,
    max_pixels: u64,
) -> Result<TypedImage<'static, U16x4>, ResizeError> {
    let size = pass.size();
    let mut between = TypedImage::<U16x4>::new(size.width, size.height);
    let mut wide = Vec::new();
    let [length, _] = pass
        .direction
        .ordered(image.size().width, image.size().height);
    for (piece, place) in pass.pieces(lines(length, max_pixels)) {
        let lines = piece.lines;
        let [left, top] = piece.direction.ordered(0, lines.first);
        let [width, height] = piece.direction.ordered(length, lines.length);
        let size = Size::new(width, height);
        premultiply(image, Rect { left, top, size }, &mut wide);
        let source = TypedImageRef::new(width, height, &wide).map_err(ResizeError::new)?;
        let mut target = TypedCroppedImageMut::from_ref(
            &mut between,
            place.left,
            place.top,
            place.size.width,
            place.size.height,
        )
        .map_err(ResizeError::new)?;
        let lines = Pixels { first: 0, ..lines };
        Pass { lines, ..piece }.run(&source, &mut target)?;
    }
    Ok(between)
}

/// Returns the number of lines of this length that have at most `max_pixels` pixels.
fn lines(length: u32, max_pixels: u64) -> u32 {
    u32::try_from(max_pixels / u64::from(length.max(1))).unwrap_or(u32::MAX)
}

/// Writes the premultiplied pixels of a box in 16 bits.
fn premultiply(image: &Image, part: Rect, wide: &mut Vec<U16x4>) {
    wide.clear();
    wide.reserve(part.size.pixels());
    let start = part.left as usize;
    let columns = start..start + part.size.width as usize;
    let rows = image
        .data()
        .chunks_exact(image.stride().max(1))
        .skip(part.top as usize)
        .take(part.size.height as usize);
    for row in rows {
        let pixels = &row.as_chunks::<4>().0[columns.clone()];
        wide.extend(pixels.iter().map(|pixel| {
            let alpha = u32::from(pixel[3]);
            let by_alpha = |channel: u8| shifted(u32::from(channel) * alpha);
            U16x4::new([
                by_alpha(pixel[0]),
                by_alpha(pixel[1]),
                by_alpha(pixel[2]),
                shifted(255 * alpha),
            ])
        }));
    }
}

/// Writes finished pixels to their place.
fn put(pixels: &TypedImage<'_, U16x4>, resized: &mut Image, place: Rect) {
    let stride = resized.stride().max(1);
    let start = place.left as usize;
    let columns = start..start + place.size.width as usize;
    let rows = resized
        .data_mut()
        .chunks_exact_mut(stride)
        .skip(place.top as usize);
    let finished = pixels
        .pixels()
        .chunks_exact(place.size.width.max(1) as usize);
    for (to, from) in rows.zip(finished) {
        let to = &mut to.as_chunks_mut::<4>().0[columns.clone()];
        for (to, from) in to.iter_mut().zip(from) {
            *to = straight(from.0);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a product of two bytes; unlike `try_from`, this is done for many at a time"
)]
const fn shifted(product: u32) -> u16 {
    (ZERO + product / 2) as u16
}

/// Converts to straight bytes, rounded half up. A transparent pixel becomes (0,0,0,0).
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
