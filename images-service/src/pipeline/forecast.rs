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

/// A picture that is not there yet.
#[derive(Clone, Copy)]
struct Expected {
    size: Size,
    frames: u64,
}

impl Expected {
    const fn pixels(self) -> u64 {
        self.size.area().saturating_mul(self.frames)
    }
}

/// Goes through all steps on sizes alone.
pub(super) fn check(
    prepared: &[Prepared],
    steps: &[Step],
    bounds: Bounds,
    limits: &Limits,
) -> Result<(), ServiceError> {
    let mut pictures: Vec<Expected> = prepared.iter().map(expected).collect();
    check_making(prepared, limits)?;
    for step in steps {
        let Step::Transform { image, transform } = step else {
            continue;
        };
        let Some(Expected { size, frames }) = pictures.get(*image).copied() else {
            continue;
        };
        let others = pixels(&pictures) - size.area().saturating_mul(frames);
        let plan = plan(transform, size, bounds)?;
        // Frames are changed one after the other: the rest is as it was, or done.
        let rest = (frames - 1).saturating_mul(size.area().max(plan.size.area()));
        let mut current = size;
        for op in plan.ops {
            let after = op.resulting(current);
            let own = current.area() + after.area() + working(op, current);
            let all = others.saturating_add(rest).saturating_add(own);
            check_memory(all.saturating_mul(PIXEL), limits)?;
            current = after;
        }
        if let Some(picture) = pictures.get_mut(*image) {
            picture.size = current;
        }
    }
    check_result(&pictures, bounds, limits)
}

/// What steps have made of the base.
fn check_result(
    pictures: &[Expected],
    bounds: Bounds,
    limits: &Limits,
) -> Result<(), ServiceError> {
    let Some(result) = pictures.first() else {
        return Ok(());
    };
    if result.size.width.max(result.size.height) > bounds.side {
        return Err(too_large(result.size, bounds));
    }
    if result.frames > 1 && result.pixels() > limits.animation_area {
        return Err(ServiceError::new(
            ErrorCode::TooManyPixels,
            format!(
                "the result would be {} frames of {} pixels, and the maximum is {} pixels together",
                result.frames, result.size, limits.animation_area
            ),
        ));
    }
    Ok(())
}

fn expected(prepared: &Prepared) -> Expected {
    Expected {
        size: prepared.size(),
        frames: prepared.frames().max(1).into(),
    }
}

/// Images are made one after the other: all pictures, and what the most demanding one needs besides.
fn check_making(prepared: &[Prepared], limits: &Limits) -> Result<(), ServiceError> {
    let pictures: Vec<Expected> = prepared.iter().map(expected).collect();
    let making = prepared.iter().map(Prepared::memory).max().unwrap_or(0);
    let all = pixels(&pictures).saturating_mul(PIXEL);
    check_memory(all.saturating_add(making), limits)
}

fn pixels(pictures: &[Expected]) -> u64 {
    pictures
        .iter()
        .fold(0, |sum, picture| sum.saturating_add(picture.pixels()))
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
