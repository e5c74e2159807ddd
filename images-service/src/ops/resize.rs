//! Resampling: Lanczos3 with widened support to reduce, Catmull-Rom to enlarge, each axis by itself.

mod alpha;

use std::{cmp::Ordering, fmt};

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};

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

/// One axis of a scale.
#[derive(Clone, Copy)]
struct Axis {
    source: u32,
    scaled: u32,
    start: u32,
    length: u32,
}

impl Axis {
    /// The kernel; none if the axis keeps its length.
    fn filter(self) -> Option<FilterType> {
        match self.scaled.cmp(&self.source) {
            Ordering::Less => Some(FilterType::Lanczos3),
            Ordering::Equal => None,
            Ordering::Greater => Some(FilterType::CatmullRom),
        }
    }

    /// The wanted part in the source's coordinates, never beyond its end.
    fn wanted(self) -> Span {
        let end = f64::from(self.source);
        if self.start == 0 && self.length == self.scaled {
            return Span::whole(self.source);
        }
        let factor = end / f64::from(self.scaled.max(1));
        let start = f64::from(self.start) * factor;
        let mut length = f64::from(self.length) * factor;
        while start + length > end {
            length = (end - start).next_down();
        }
        Span { start, length }
    }

    /// The source's pixels that the wanted part depends on, and a few more.
    fn needed(self) -> Pixels {
        /// No kernel here reaches further, in pixels of the shorter side.
        const REACH: f64 = 3.0;

        let Span { start, length } = self.wanted();
        let reach = REACH * (f64::from(self.source) / f64::from(self.scaled.max(1))).max(1.0) + 1.0;
        let first = pixel(start - reach).min(self.source.saturating_sub(1));
        let last = pixel(start + length + reach)
            .saturating_add(1)
            .min(self.source);
        Pixels {
            first,
            length: last - first,
        }
    }
}

/// A run of whole pixels.
#[derive(Clone, Copy)]
struct Pixels {
    first: u32,
    length: u32,
}

impl Pixels {
    fn exact(self) -> Span {
        Span {
            start: f64::from(self.first),
            length: f64::from(self.length),
        }
    }
}

/// A stretch of one axis, between its pixels.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    length: f64,
}

impl Span {
    fn whole(length: u32) -> Self {
        Self {
            start: 0.0,
            length: f64::from(length),
        }
    }

    /// The same stretch once everything outside of `kept` is gone.
    fn after(self, kept: Pixels) -> Self {
        Self {
            start: self.start - f64::from(kept.first),
            ..self
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates: what lies before the first pixel is the first pixel"
)]
fn pixel(at: f64) -> u32 {
    at as u32
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
