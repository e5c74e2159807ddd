//! What a request will cost, before there is a pixel of it: sizes and memory, checked before any of it is paid.

use safelight_protocol::ErrorCode;

use super::prepared::Prepared;
use crate::{
    error::ServiceError,
    geometry::Size,
    limits::Limits,
    ops::{self, Op},
    plan::{Bounds, plan, too_large},
    request::Step,
};

/// Bytes of one pixel at most; transparency may come with any step.
const PIXEL: u64 = 4;

/// Goes through all steps on sizes alone.
pub(super) fn check(
    prepared: &[Prepared],
    steps: &[Step],
    bounds: Bounds,
    limits: &Limits,
) -> Result<(), ServiceError> {
    let mut sizes: Vec<Size> = prepared.iter().map(Prepared::size).collect();
    check_making(prepared, limits)?;
    for step in steps {
        let Step::Transform { image, transform } = step else {
            continue;
        };
        let Some(size) = sizes.get(*image).copied() else {
            continue;
        };
        let others = pixels(&sizes) - size.area();
        let mut current = size;
        for op in plan(transform, size, bounds)?.ops {
            let after = op.resulting(current);
            let own = current.area() + after.area() + working(op, current);
            check_memory((others + own).saturating_mul(PIXEL), limits)?;
            current = after;
        }
        if let Some(size) = sizes.get_mut(*image) {
            *size = current;
        }
    }
    match sizes.first() {
        Some(result) if result.width.max(result.height) > bounds.side => {
            Err(too_large(*result, bounds))
        }
        _ => Ok(()),
    }
}

/// Images are made one after the other: all pictures, and what the most demanding one needs besides.
fn check_making(prepared: &[Prepared], limits: &Limits) -> Result<(), ServiceError> {
    let sizes: Vec<Size> = prepared.iter().map(Prepared::size).collect();
    let making = prepared.iter().map(Prepared::memory).max().unwrap_or(0);
    check_memory(pixels(&sizes) * PIXEL + making, limits)
}

fn pixels(sizes: &[Size]) -> u64 {
    sizes.iter().map(|size| size.area()).sum()
}

/// Pixels' worth of memory that an operation needs besides its source and its result.
fn working(op: Op, source: Size) -> u64 {
    match op {
        Op::Resize { scaled, part } => {
            // With alpha, both ends and what lies between the two passes have 16 bits a channel.
            let between = 2 * ops::pixels_between(source, scaled, part.size);
            let wide = 2 * (source.area() + part.size.area());
            // Six weights of eight bytes for every pixel along each side of the larger end.
            let sides =
                [source, part.size].map(|size| u64::from(size.width) + u64::from(size.height));
            between + wide + 12 * (sides[0] + sides[1])
        }
        Op::Flip(_) | Op::Rotate(_) | Op::Crop(_) | Op::Pad { .. } | Op::Background(_) => 0,
    }
}

fn check_memory(bytes: u64, limits: &Limits) -> Result<(), ServiceError> {
    if bytes > limits.pixel_bytes {
        return Err(ServiceError::new(
            ErrorCode::Busy,
            format!(
                "the request needs about {} MB for pixels, and the maximum is {} MB",
                bytes / 1_000_000,
                limits.pixel_bytes / 1_000_000
            ),
        ));
    }
    Ok(())
}
