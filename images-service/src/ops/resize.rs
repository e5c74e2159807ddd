//! Resampling: Lanczos3 with widened support to reduce, Catmull-Rom to enlarge, each axis by itself.

mod alpha;
mod axis;

use std::fmt;

use fast_image_resize::{
    FilterType, ImageView, ImageViewMut, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};

use self::axis::{Axis, Pixels, Span};
use crate::{
    image::{Channels, Image},
    options::{Rect, Size},
};

/// Scales the picture and keeps a part of the result.
///
/// An opaque picture stays in bytes between the horizontal and the vertical pass, which is many times faster than
/// floats; at edges of full contrast, where both passes overshoot, that can be a few steps away from them.
///
/// The part alone is computed, from the same kernels at the same places as if the whole had been scaled first.
pub(super) fn resize(image: &Image, scaled: Size, part: Rect) -> Result<Image, ResizeError> {
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
        Channels::Rgba => alpha::resize(image, scale, alpha::PIECE),
    }
}

/// The library refused what the arithmetic gave it.
#[derive(Debug)]
pub(super) struct ResizeError(String);

impl ResizeError {
    fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for ResizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not resize: {}", self.0)
    }
}

fn bytes<P: PixelTrait>(image: &Image, scale: Scale) -> Result<Image, ResizeError> {
    let mut resized = Image::filled(scale.part.size, image.channels(), [0; 4]);
    let Size { width, height } = image.size();
    let source =
        TypedImageRef::<P>::from_buffer(width, height, image.data()).map_err(ResizeError::new)?;
    let Size { width, height } = resized.size();
    let mut target = TypedImage::<P>::from_buffer(width, height, resized.data_mut())
        .map_err(ResizeError::new)?;
    match scale.passes() {
        (only, None) => only.run(&source, &mut target)?,
        (first, Some(second)) => {
            let Size { width, height } = first.size();
            let mut between = TypedImage::<P>::new(width, height);
            first.run(&source, &mut between)?;
            second.run(&between, &mut target)?;
        }
    }
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
    /// Each axis has its own pass: it may have its own kernel, and the library's own two passes in one call read
    /// beyond their buffer between them when a crop begins on a pixel whose weight is zero (6.1).
    fn passes(self) -> (Pass, Option<Pass>) {
        let columns = Axis {
            source: self.source.width,
            scaled: self.scaled.width,
            start: self.part.left,
            length: self.part.size.width,
        };
        let rows = Axis {
            source: self.source.height,
            scaled: self.scaled.height,
            start: self.part.top,
            length: self.part.size.height,
        };
        let [first, second] = match rows_first(self.source, self.scaled) {
            true => [(Direction::Down, rows), (Direction::Across, columns)],
            false => [(Direction::Across, columns), (Direction::Down, rows)],
        };
        // An axis that keeps its length has its wanted pixels already.
        let kept = |axis: Axis| Pixels {
            first: axis.start,
            length: axis.length,
        };
        let ((direction, axis), (other, across)) = (first, second);
        match (axis.filter(), across.filter()) {
            (_, None) => (Pass::new(direction, axis, kept(across)), None),
            (None, Some(_)) => (Pass::new(other, across, kept(axis)), None),
            (Some(_), Some(_)) => {
                let needed = across.needed();
                let all = Pixels {
                    first: 0,
                    length: axis.length,
                };
                let mut then = Pass::new(other, across, all);
                then.span = then.span.after(needed);
                (Pass::new(direction, axis, needed), Some(then))
            }
        }
    }
}

/// Which way a pass goes.
#[derive(Clone, Copy)]
enum Direction {
    /// Along rows.
    Across,
    /// Along columns.
    Down,
}

impl Direction {
    /// What lies along it and what lies beside it, as columns and rows.
    fn ordered<T>(self, along: T, beside: T) -> [T; 2] {
        match self {
            Self::Across => [along, beside],
            Self::Down => [beside, along],
        }
    }
}

/// Resampling along one axis. Each of the lines that lie side by side is by itself, so that a pass can be done piece by
/// piece.
#[derive(Clone, Copy)]
struct Pass {
    direction: Direction,
    /// None if the lines keep their length.
    filter: Option<FilterType>,
    /// What of its lines it reads.
    span: Span,
    /// How long its lines become.
    length: u32,
    /// Which lines.
    lines: Pixels,
}

impl Pass {
    fn new(direction: Direction, axis: Axis, lines: Pixels) -> Self {
        Self {
            direction,
            filter: axis.filter(),
            span: axis.wanted(),
            length: axis.length,
            lines,
        }
    }

    /// The size of what it makes.
    fn size(self) -> Size {
        let [width, height] = self.direction.ordered(self.length, self.lines.length);
        Size::new(width, height)
    }

    /// The pass in pieces of `each` lines at most, and where each of them ends up.
    fn pieces(self, each: u32) -> impl Iterator<Item = (Self, Rect)> {
        let Pixels { first, length } = self.lines;
        let each = each.max(1);
        (0..length).step_by(each as usize).map(move |at| {
            let lines = Pixels {
                first: first + at,
                length: each.min(length - at),
            };
            let piece = Self { lines, ..self };
            let [left, top] = self.direction.ordered(0, at);
            let size = piece.size();
            (piece, Rect { left, top, size })
        })
    }

    fn run<P: PixelTrait>(
        self,
        source: &impl ImageView<Pixel = P>,
        target: &mut impl ImageViewMut<Pixel = P>,
    ) -> Result<(), ResizeError> {
        let [columns, rows] = self.direction.ordered(self.span, self.lines.exact());
        let options = ResizeOptions::new()
            // Without a kernel the box has the target's size, and is copied.
            .resize_alg(
                self.filter
                    .map_or(ResizeAlg::Nearest, ResizeAlg::Convolution),
            )
            // Alpha is none of the library's business: `alpha` hands it four premultiplied channels.
            .use_alpha(false)
            .crop(columns.start, rows.start, columns.length, rows.length);
        Resizer::new()
            .resize_typed(source, target, &options)
            .map_err(ResizeError::new)
    }
}

/// Whether rows are scaled before columns: when that leaves fewer pixels between the passes. A part is scaled in
/// the order of its whole, or it would be rounded otherwise.
const fn rows_first(source: Size, scaled: Size) -> bool {
    source.width as u64 * scaled.height as u64 <= scaled.width as u64 * source.height as u64
}

/// Pixels of 16 bits a channel that there are at a time at most, while a picture that lets something through is scaled.
pub(crate) fn wide_pixels(source: Size, scaled: Size, part: Size) -> u64 {
    let between = if rows_first(source, scaled) {
        Size::new(source.width, part.height)
    } else {
        Size::new(part.width, source.height)
    };
    let line = source.longest().max(part.longest());
    let piece = alpha::PIECE.max(line.into());
    between.area().max(part.area()) + piece.min(source.area().max(part.area()))
}

#[cfg(test)]
mod tests;
