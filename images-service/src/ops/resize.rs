//! Resamples each axis by itself: Lanczos3 with widened support to reduce, Catmull-Rom to enlarge.

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

/// Scales the picture, and keeps a part of the result.
///
/// An opaque picture stays in bytes between the horizontal and the vertical pass, which is many times faster than
/// floats. At edges of full contrast, where both passes overshoot, the result can be a few steps away from that of
/// floats.
///
/// The part alone is computed, with the same kernels at the same positions as if the whole had been scaled first.
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
            // The kernel's weights are whole numbers, whose sum may fall slightly short.
            for pixel in resized.data_mut().chunks_exact_mut(4) {
                pixel[3] = 255;
            }
            Ok(resized)
        }
        Channels::Rgba => alpha::resize(image, scale, alpha::PIECE),
    }
}

/// The reason why the library refused its input.
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

/// The sizes of a scale, and the part of the result that is kept.
#[derive(Clone, Copy)]
struct Scale {
    source: Size,
    scaled: Size,
    part: Rect,
}

impl Scale {
    /// Returns the passes, one for each axis that changes. Each axis may have its own kernel. If the library (6.1) does
    /// both passes in one call, it reads beyond its buffer between them when a crop begins on a pixel whose weight is
    /// zero.
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
        // An axis that keeps its length has the kept pixels already.
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

/// The direction of a pass.
#[derive(Clone, Copy)]
enum Direction {
    /// Along rows.
    Across,
    /// Along columns.
    Down,
}

impl Direction {
    /// Orders a value along the direction and one across it as columns and rows.
    fn ordered<T>(self, along: T, beside: T) -> [T; 2] {
        match self {
            Self::Across => [along, beside],
            Self::Down => [beside, along],
        }
    }
}

/// Resampling along one axis. The lines of a pass are independent of each other, so that a pass can be done in pieces.
#[derive(Clone, Copy)]
struct Pass {
    direction: Direction,
    /// The kernel; `None` if the lines keep their length.
    filter: Option<FilterType>,
    /// The part of each line that the pass reads.
    span: Span,
    /// The length of each line after the pass.
    length: u32,
    /// The lines of the pass.
    lines: Pixels,
}

impl Pass {
    fn new(direction: Direction, axis: Axis, lines: Pixels) -> Self {
        Self {
            direction,
            filter: axis.filter(),
            span: axis.kept(),
            length: axis.length,
            lines,
        }
    }

    /// Returns the size of the result.
    fn size(self) -> Size {
        let [width, height] = self.direction.ordered(self.length, self.lines.length);
        Size::new(width, height)
    }

    /// Divides the pass into pieces of at most `each` lines. Returns each piece with its place in the result.
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
            // The library need not handle alpha: `alpha` gives it four premultiplied channels.
            .use_alpha(false)
            .crop(columns.start, rows.start, columns.length, rows.length);
        Resizer::new()
            .resize_typed(source, target, &options)
            .map_err(ResizeError::new)
    }
}

/// Whether rows are scaled before columns, which is the case if that leaves fewer pixels between the passes. A part is
/// scaled in the order of its whole, or it would be rounded otherwise.
const fn rows_first(source: Size, scaled: Size) -> bool {
    source.width as u64 * scaled.height as u64 <= scaled.width as u64 * source.height as u64
}

/// Returns the peak number of pixels with 16 bits a channel while a picture that is not opaque is scaled.
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
