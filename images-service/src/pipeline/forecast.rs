//! What a request will cost, before there is a pixel of it: sizes and memory, checked before any of it is paid.

use std::borrow::Cow;

use safelight_protocol::ErrorCode;

use super::{PixelLimits, load::first_step, prepared::Prepared};
use crate::{
    encode,
    error::ServiceError,
    ops::{self, Op},
    options::{Output, Size, Step, Transform},
    picture::Picture,
    plan::{Bounds, plan, too_large},
};

/// Bytes of one pixel at most; transparency may come with any step.
const PIXEL: u64 = 4;

/// A picture that is not there yet.
#[derive(Clone, Copy)]
struct Expected {
    size: Size,
    frames: u64,
    /// Whether the content of the picture has had no say in its size so far.
    certain: bool,
}

impl Expected {
    const fn pixels(self) -> u64 {
        self.size.area().saturating_mul(self.frames)
    }
}

/// Goes through all steps on sizes alone, as far as they are certain; what is not is checked on the way.
///
/// Gives the size and the frames of the result if they are certain.
pub(super) fn check(
    prepared: &[Prepared],
    steps: &[Step],
    bounds: Bounds,
    limits: &PixelLimits,
) -> Result<Option<(Size, u64)>, ServiceError> {
    let mut pictures = Vec::with_capacity(prepared.len());
    for (index, prepared) in prepared.iter().enumerate() {
        let first = first_step(index, steps).map(|(_, transform)| transform);
        let made = made(prepared, first, pixels(&pictures), bounds, limits)?;
        pictures.push(made);
    }
    let done: Vec<usize> = (0..prepared.len())
        .filter_map(|index| first_step(index, steps))
        .map(|(number, _)| number)
        .collect();
    for (number, step) in steps.iter().enumerate() {
        if done.contains(&number) {
            continue;
        }
        let all = pixels(&pictures);
        let base = pictures.first().filter(|base| base.certain);
        let step = base.map_or(Cow::Borrowed(step), |base| step.beside(base.size));
        match &*step {
            Step::Transform { image, transform } if transform.has_shares() => {
                if let Some(picture) = pictures.get_mut(*image) {
                    picture.certain = false;
                }
            }
            Step::Transform { image, transform } => {
                let Some(picture) = pictures.get_mut(*image).filter(|picture| picture.certain)
                else {
                    continue;
                };
                let plan = plan(transform, picture.size, bounds, limits.models)?;
                let room = Room {
                    others: all - picture.pixels(),
                    most: limits.memory,
                };
                // Frames are changed one after the other: the rest is as it was, or done.
                let larger = larger(plan.size, picture.size);
                let room = room.with(picture.frames - 1, larger);
                room.check_all(&plan.ops, picture.size)?;
                picture.size = plan.size;
                picture.certain = plan.complete;
            }
            Step::Draw { target, draw, .. } => {
                let copied = pictures.get(*target).filter(|_| ops::draw_needs_copy(draw));
                let copy = copied.map_or(0, |picture| picture.size.area());
                check_memory(all.saturating_add(copy), limits.memory)?;
            }
        }
    }
    match pictures.first() {
        Some(result) if result.certain => {
            check_result(result.size, result.frames, bounds, limits)?;
            Ok(Some((result.size, result.frames)))
        }
        _ => Ok(None),
    }
}

/// What steps have made of the base.
pub(super) fn check_result(
    size: Size,
    frames: u64,
    bounds: Bounds,
    limits: &PixelLimits,
) -> Result<(), ServiceError> {
    if size.longest() > bounds.side {
        return Err(too_large(size, bounds));
    }
    if frames > 1 && size.area().saturating_mul(frames) > limits.decode.animation_area {
        return Err(ServiceError::new(
            ErrorCode::TooManyPixels,
            format!(
                "the result would be {frames} frames of {size} pixels, and the maximum is {} pixels together",
                limits.decode.animation_area
            ),
        ));
    }
    Ok(())
}

/// What an image is when it is made, and its first step is done to it if there is one: frames are decoded and changed one
/// after the other.
fn made(
    prepared: &Prepared,
    first: Option<&Transform>,
    others: u64,
    bounds: Bounds,
    limits: &PixelLimits,
) -> Result<Expected, ServiceError> {
    let Some(first) = first else {
        let whole = Expected {
            size: prepared.size(),
            frames: prepared.frames().max(1).into(),
            certain: true,
        };
        let making = prepared.memory().div_ceil(PIXEL);
        let all = others.saturating_add(whole.pixels()).saturating_add(making);
        check_memory(all, limits.memory)?;
        return Ok(whole);
    };
    let size = prepared.size();
    let plan = plan(first, size, bounds, limits.models)?;
    let made = Expected {
        // What content decides makes nothing larger than both.
        size: match plan.complete {
            true => plan.size,
            false => larger(plan.size, size),
        },
        frames: prepared.frames().max(1).into(),
        certain: plan.complete,
    };
    let making = prepared.memory().div_ceil(PIXEL);
    let room = Room {
        others,
        most: limits.memory,
    };
    let room = room.with(made.frames - 1, made.size);
    check_memory(
        room.others
            .saturating_add(size.area())
            .saturating_add(making),
        room.most,
    )?;
    room.beside_decoder(prepared).check_all(&plan.ops, size)?;
    Ok(made)
}

/// Whether a picture and its encoder are within the limit.
pub(super) fn check_encoder(
    size: Size,
    frames: u64,
    output: &Output,
    limits: &PixelLimits,
) -> Result<(), ServiceError> {
    let picture = size.area().saturating_mul(frames);
    let encoder = encode::memory(output.format, output.quality).saturating_mul(size.area());
    check_memory(
        picture.saturating_add(encoder.div_ceil(PIXEL)),
        limits.memory,
    )
}

fn larger(one: Size, other: Size) -> Size {
    match one.area() > other.area() {
        true => one,
        false => other,
    }
}

/// The memory that operations on one picture may take.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Pixels of everything else that is there at that time.
    others: u64,
    /// Bytes of all together.
    most: u64,
}

impl Room {
    /// What all pictures but one leave.
    pub(super) fn besides(index: usize, pictures: &[Picture], limits: &PixelLimits) -> Self {
        let pixels = |picture: &Picture| {
            let frames = picture.frames().len() as u64;
            picture.size().area().saturating_mul(frames)
        };
        let others = pictures.iter().enumerate();
        Self {
            others: others
                .filter(|(other, _)| *other != index)
                .fold(0, |sum, (_, other)| sum.saturating_add(pixels(other))),
            most: limits.memory,
        }
    }

    /// What one that is being made leaves beside those that are there.
    pub(super) fn making(prepared: &Prepared, there: &[Picture], limits: &PixelLimits) -> Self {
        Self::besides(usize::MAX, there, limits).beside_decoder(prepared)
    }

    /// What is left beside a decoder that still has frames to decode.
    fn beside_decoder(self, prepared: &Prepared) -> Self {
        let memory = match prepared.frames() {
            0 | 1 => 0,
            _ => prepared.memory().div_ceil(PIXEL),
        };
        Self {
            others: self.others.saturating_add(memory),
            most: self.most,
        }
    }

    /// What is left besides some frames of this size.
    pub(super) const fn with(self, frames: u64, size: Size) -> Self {
        let frames = size.area().saturating_mul(frames);
        Self {
            others: self.others.saturating_add(frames),
            most: self.most,
        }
    }

    /// Whether an operation on a picture of this size can be paid for.
    pub(super) fn check(self, op: Op, size: Size) -> Result<(), ServiceError> {
        let own = size.area() + op.resulting(size).area() + working(op, size);
        check_memory(self.others.saturating_add(own), self.most)
    }

    /// Whether one operation after the other can.
    pub(super) fn check_all(self, ops: &[Op], size: Size) -> Result<(), ServiceError> {
        let each = |size, op: &Op| self.check(*op, size).map(|()| op.resulting(size));
        ops.iter().try_fold(size, each).map(|_| ())
    }
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
            // With alpha, what lies between the two passes and a piece of either end have 16 bits a channel.
            let wide = 2 * ops::wide_pixels(source, scaled, part.size);
            // Six weights of eight bytes for every pixel along each side of the larger end.
            let sides =
                [source, part.size].map(|size| u64::from(size.width) + u64::from(size.height));
            wide + 12 * (sides[0] + sides[1])
        }
        // The mask, and where the flood stands and came from.
        Op::Segment => 3 * source.area(),
        // Rows of sums on every processor.
        Op::Blur(_) => 100 * u64::from(source.width),
        Op::Flip(_)
        | Op::Rotate(_)
        | Op::Crop(_)
        | Op::Pad { .. }
        | Op::Background(_)
        | Op::Tone(_)
        | Op::Sharpen(_) => 0,
    }
}

/// Whether so many pixels are within so many bytes.
fn check_memory(pixels: u64, most: u64) -> Result<(), ServiceError> {
    let bytes = pixels.saturating_mul(PIXEL);
    if bytes > most {
        return Err(ServiceError::new(
            ErrorCode::Busy,
            format!(
                "the request needs about {} MB for pixels, and the maximum is {} MB",
                bytes / 1_000_000,
                most / 1_000_000
            ),
        ));
    }
    Ok(())
}
