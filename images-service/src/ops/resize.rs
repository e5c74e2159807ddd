//! Resampling: Lanczos3 with widened support to reduce, Catmull-Rom to enlarge, each axis by itself.

mod alpha;
mod axis;

use std::fmt;

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};

use self::axis::{Axis, Span};
use crate::{
    geometry::{Rect, Size},
    image::{Channels, Image},
};

/// Scales the picture and keeps a part of the result.
///
/// An opaque picture stays in bytes between the horizontal and the vertical pass, which is many times faster than
/// floats; at edges of full contrast, where both passes overshoot, that can be a few steps away from them.
///
/// The part alone is computed, from the same kernels at the same places as if the whole had been scaled first.
pub(super) fn resize(image: &Image, scaled: Size, part: Rect) -> Result<Image, Failure> {
    let scale = Scale {
        source: image.size(),
        scaled,
        part,
    };
    match image.channels() {
        Channels::Rgb => bytes::<U8x3>(image, scale),
        Channels::Rgba if image.is_opaque() => {
            let mut resized = bytes::<U8x4>(image, scale)?;
            // The kernel's weights are whole numbers, whose sum may fall short by a hair.
            for pixel in resized.data_mut().chunks_exact_mut(4) {
                pixel[3] = 255;
            }
            Ok(resized)
        }
        Channels::Rgba => alpha::resize(image, scale),
    }
}

/// The library refused what the arithmetic gave it.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not resize: {}", self.0)
    }
}

fn bytes<P: PixelTrait>(image: &Image, scale: Scale) -> Result<Image, Failure> {
    let mut resized = Image::filled(scale.part.size, image.channels(), [0; 4]);
    let Size { width, height } = image.size();
    let source =
        TypedImageRef::<P>::from_buffer(width, height, image.data()).map_err(Failure::new)?;
    let Size { width, height } = resized.size();
    let mut target =
        TypedImage::<P>::from_buffer(width, height, resized.data_mut()).map_err(Failure::new)?;
    scale.run(&source, &mut target)?;
    Ok(resized)
}

/// From which size to which size, and what of the result is wanted.
#[derive(Clone, Copy)]
struct Scale {
    source: Size,
    scaled: Size,
    part: Rect,
}

impl Scale {
    fn columns(self) -> Axis {
        Axis {
            source: self.source.width,
            scaled: self.scaled.width,
            start: self.part.left,
            length: self.part.size.width,
        }
    }

    fn rows(self) -> Axis {
        Axis {
            source: self.source.height,
            scaled: self.scaled.height,
            start: self.part.top,
            length: self.part.size.height,
        }
    }

    /// Each axis has its own pass: it may have its own kernel, and the library's own two passes in one call read
    /// beyond their buffer between them when a crop begins on a pixel whose weight is zero (6.1).
    fn run<P: PixelTrait>(
        self,
        source: &TypedImageRef<'_, P>,
        target: &mut TypedImage<'_, P>,
    ) -> Result<(), Failure> {
        let (columns, rows) = (self.columns(), self.rows());
        let (Some(across), Some(down)) = (columns.filter(), rows.filter()) else {
            let filter = columns.filter().or(rows.filter());
            return pass(source, target, filter, [columns.wanted(), rows.wanted()]);
        };
        if rows_first(self.source, self.scaled) {
            let needed = columns.needed();
            let mut between = TypedImage::<P>::new(needed.length, rows.length);
            pass(
                source,
                &mut between,
                Some(down),
                [needed.exact(), rows.wanted()],
            )?;
            let source = TypedImageRef::new(needed.length, rows.length, between.pixels())
                .map_err(Failure::new)?;
            let columns = columns.wanted().after(needed);
            pass(
                &source,
                target,
                Some(across),
                [columns, Span::whole(rows.length)],
            )
        } else {
            let needed = rows.needed();
            let mut between = TypedImage::<P>::new(columns.length, needed.length);
            pass(
                source,
                &mut between,
                Some(across),
                [columns.wanted(), needed.exact()],
            )?;
            let source = TypedImageRef::new(columns.length, needed.length, between.pixels())
                .map_err(Failure::new)?;
            let rows = rows.wanted().after(needed);
            pass(
                &source,
                target,
                Some(down),
                [Span::whole(columns.length), rows],
            )
        }
    }
}

/// Whether rows are scaled before columns: when that leaves fewer pixels between the passes. A part is scaled in
/// the order of its whole, or it would be rounded otherwise.
const fn rows_first(source: Size, scaled: Size) -> bool {
    source.width as u64 * scaled.height as u64 <= scaled.width as u64 * source.height as u64
}

/// Pixels between the two passes, at most.
pub(crate) const fn pixels_between(source: Size, scaled: Size, part: Size) -> u64 {
    if rows_first(source, scaled) {
        Size::new(source.width, part.height).area()
    } else {
        Size::new(part.width, source.height).area()
    }
}

fn pass<P: PixelTrait>(
    source: &TypedImageRef<'_, P>,
    target: &mut TypedImage<'_, P>,
    filter: Option<FilterType>,
    [columns, rows]: [Span; 2],
) -> Result<(), Failure> {
    let options = ResizeOptions::new()
        // Without a kernel the box has the target's size, and is copied.
        .resize_alg(filter.map_or(ResizeAlg::Nearest, ResizeAlg::Convolution))
        // Alpha is none of the library's business: `alpha` hands it four premultiplied channels.
        .use_alpha(false)
        .crop(columns.start, rows.start, columns.length, rows.length);
    Resizer::new()
        .resize_typed(source, target, &options)
        .map_err(Failure::new)
}

#[cfg(test)]
mod tests;
