//! The memory of pixels: the needs of operations, and the budget that they are checked against before anything is
//! allocated.

use safelight_protocol::ErrorCode;

use crate::{
    error::ServiceError,
    ops::{self, Op},
    options::Size,
    picture::Picture,
};

/// The largest number of bytes of one pixel. Any step may add transparency.
pub(super) const PIXEL: u64 = 4;

/// The memory that is left for work on one picture. All numbers are in pixels of [`PIXEL`] bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryBudget {
    /// The pixels of everything else that is resident at that time.
    others: u64,
    /// The bytes of everything together.
    limit: u64,
}

impl MemoryBudget {
    /// Creates a budget of `limit` bytes, of which nothing is used.
    pub(super) const fn new(limit: u64) -> Self {
        Self { others: 0, limit }
    }

    /// Returns the budget that is left besides some pixels.
    pub(super) const fn besides(self, pixels: u64) -> Self {
        Self {
            others: self.others.saturating_add(pixels),
            limit: self.limit,
        }
    }

    /// Returns the budget that is left besides some frames of one size.
    pub(super) const fn besides_frames(self, frames: u64, size: Size) -> Self {
        self.besides(size.area().saturating_mul(frames))
    }

    /// Returns the budget that is left besides finished pictures.
    pub(super) fn besides_pictures<'a>(self, pictures: impl Iterator<Item = &'a Picture>) -> Self {
        pictures.fold(self, |budget, picture| {
            budget.besides_frames(picture.frames().len() as u64, picture.size())
        })
    }

    /// Returns the number of resident pixels while `pixels` more are resident.
    pub(super) const fn resident_with(self, pixels: u64) -> u64 {
        self.others.saturating_add(pixels)
    }

    /// Verifies that `pixels` more pixels are within the budget.
    pub(super) fn check(self, pixels: u64) -> Result<(), ServiceError> {
        let bytes = self.resident_with(pixels).saturating_mul(PIXEL);
        if bytes <= self.limit {
            return Ok(());
        }
        Err(ServiceError::new(
            ErrorCode::Busy,
            format!(
                "the request needs about {} MB for pixels, and the maximum is {} MB",
                bytes / 1_000_000,
                self.limit / 1_000_000
            ),
        ))
    }
}

/// Returns the pixels that an operation takes at its peak: its source, its result and its scratch memory.
pub(super) fn op_peak(op: Op, size: Size) -> u64 {
    size.area() + op.resulting(size).area() + scratch_pixels(op, size)
}

/// Returns the highest peak of operations that follow one another.
pub(super) fn ops_peak(ops: &[Op], size: Size) -> u64 {
    let each =
        |(size, peak): (Size, u64), op: &Op| (op.resulting(size), peak.max(op_peak(*op, size)));
    ops.iter().fold((size, 0), each).1
}

/// Returns the scratch memory of an operation, besides its source and its result, in pixels.
fn scratch_pixels(op: Op, source: Size) -> u64 {
    match op {
        Op::Resize { scaled, part } => {
            // With alpha, the pixels between the two passes, and a piece of either end, have 16 bits a channel.
            let wide = 2 * ops::wide_pixels(source, scaled, part.size);
            // Six weights of eight bytes for every pixel along each side of the larger end.
            let sides =
                [source, part.size].map(|size| u64::from(size.width) + u64::from(size.height));
            wide + 12 * (sides[0] + sides[1])
        }
        // The mask, and the front of the fill with the origin of each of its pixels.
        Op::Segment => 3 * source.area(),
        // Rows of sums on every processor.
        Op::Blur(_) => 100 * u64::from(source.width),
        Op::Flip(_)
        | Op::Rotate(_)
        | Op::Crop(_)
        | Op::Pad { .. }
        | Op::Background(_)
        | Op::AdjustColors(_)
        | Op::Sharpen(_) => 0,
    }
}

/// Returns the size with more pixels.
pub(super) const fn larger(one: Size, other: Size) -> Size {
    match one.area() > other.area() {
        true => one,
        false => other,
    }
}
