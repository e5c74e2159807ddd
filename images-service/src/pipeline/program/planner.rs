//! Plans a program on sizes alone, and reserves the memory of each of its instructions.

use std::borrow::Cow;

use super::{
    super::{
        RunContext,
        memory::{MemoryBudget, PIXEL, larger, ops_peak},
        source::Source,
        transform::PlannedTransform,
    },
    Instruction, Load, no_picture,
};
use crate::{
    decode::Shrink,
    encode::EncodePlan,
    error::ServiceError,
    ops::{self, Op},
    options::{Gravity, Rotation, Size, Step, Transform},
};

/// The expected size of a picture.
#[derive(Clone, Copy)]
struct Estimate {
    size: Size,
    frames: u64,
    /// Whether no content has influenced the size so far.
    certain: bool,
}

impl Estimate {
    const fn pixels(self) -> u64 {
        self.size.area().saturating_mul(self.frames)
    }
}

/// Plans a program on sizes alone.
pub(super) struct ProgramPlanner<'a> {
    context: RunContext<'a>,
    pictures: Vec<Estimate>,
    /// The highest number of resident pixels so far.
    peak: u64,
    /// Whether that number holds, whatever the pixels are.
    certain: bool,
}

impl<'a> ProgramPlanner<'a> {
    pub(super) const fn new(context: RunContext<'a>) -> Self {
        Self {
            context,
            pictures: Vec::new(),
            peak: 0,
            certain: true,
        }
    }

    /// Returns the bytes that the program takes at its peak: the most that a request may take, if its pixels decide a
    /// size.
    pub(super) fn memory(&self) -> u64 {
        let limit = self.context.limits.memory;
        match self.certain {
            true => self.peak.saturating_mul(PIXEL).min(limit),
            false => limit,
        }
    }

    /// Records memory that is needed, and verifies that it is within the budget.
    fn reserve(&mut self, budget: MemoryBudget, pixels: u64) -> Result<(), ServiceError> {
        self.peak = self.peak.max(budget.resident_with(pixels));
        budget.check(pixels)
    }

    /// Returns the memory that all pictures but one leave.
    fn besides_others(&self, index: usize) -> MemoryBudget {
        let others = self.pictures.iter().enumerate();
        let others = others.filter(|(other, _)| *other != index);
        others.fold(self.context.memory(), |budget, (_, picture)| {
            budget.besides(picture.pixels())
        })
    }

    /// Plans the load of an image, whose frames are decoded and changed one after the other.
    pub(super) fn load(
        &mut self,
        source: Source,
        first: Option<&'a Transform>,
    ) -> Result<Load<'a>, ServiceError> {
        let budget = self.besides_others(self.pictures.len());
        let (size, frames) = (source.size(), u64::from(source.frames().max(1)));
        let decoder = source.memory().div_ceil(PIXEL);
        let Some(transform) = first.map(Cow::Borrowed) else {
            let whole = Estimate {
                size,
                frames,
                certain: true,
            };
            self.reserve(budget.besides(whole.pixels()), decoder)?;
            self.pictures.push(whole);
            return Ok(Load {
                source,
                shrink: Shrink::NONE,
                first: None,
            });
        };
        let planned = PlannedTransform::new(transform, size, self.context)?;
        let plan = &planned.plan;
        self.certain &= plan.complete;
        let estimate = Estimate {
            // No decision by content makes a picture larger than both.
            size: match plan.complete {
                true => plan.size,
                false => larger(plan.size, size),
            },
            frames,
            certain: plan.complete,
        };
        let budget = budget.besides_frames(frames - 1, estimate.size);
        self.reserve(budget.besides(size.area()), decoder)?;
        let budget = budget.besides(source.resident_decoder());
        self.reserve(budget, ops_peak(&plan.ops, size))?;
        self.pictures.push(estimate);
        let jpeg = self.context.limits.decode.jpeg;
        let shrink = first_resize(&planned)
            .map_or(Shrink::NONE, |target| source.shrink_towards(target, jpeg));
        Ok(Load {
            source,
            shrink,
            first: Some(planned),
        })
    }

    pub(super) fn instruction(&mut self, step: &'a Step) -> Result<Instruction<'a>, ServiceError> {
        match step {
            Step::Transform { image, transform } => self.transform(*image, transform),
            Step::Draw {
                overlay,
                target,
                draw,
            } => {
                let picture = self.pictures.get(*target).ok_or_else(no_picture)?;
                let copy = match ops::draw_needs_copy(draw) {
                    true => picture.size.area(),
                    false => 0,
                };
                self.reserve(self.besides_others(usize::MAX), copy)?;
                Ok(Instruction::Draw {
                    overlay: *overlay,
                    target: *target,
                    draw,
                })
            }
        }
    }

    fn transform(
        &mut self,
        image: usize,
        transform: &'a Transform,
    ) -> Result<Instruction<'a>, ServiceError> {
        let base = self.pictures.first().filter(|base| base.certain);
        let resolved = base.map_or(Cow::Borrowed(transform), |base| {
            transform.resolve_shares(base.size)
        });
        let budget = self.besides_others(image);
        let picture = self.pictures.get_mut(image).ok_or_else(no_picture)?;
        if resolved.has_shares() || !picture.certain {
            picture.certain = false;
            self.certain = false;
            return Ok(Instruction::NeedsPixels { image, transform });
        }
        let planned = PlannedTransform::new(resolved, picture.size, self.context)?;
        let plan = &planned.plan;
        // Frames are changed one after the other, so every other frame has its old size or its new one.
        let larger = larger(plan.size, picture.size);
        let budget = budget.besides_frames(picture.frames - 1, larger);
        picture.size = plan.size;
        picture.certain = plan.complete;
        self.certain &= plan.complete;
        self.reserve(budget, ops_peak(&plan.ops, planned.size))?;
        let planned = Box::new(planned);
        Ok(Instruction::Transform { image, planned })
    }

    /// Plans the result and its encoder.
    pub(super) fn result(&mut self, encode: EncodePlan<'_>) -> Result<(), ServiceError> {
        let result = self.pictures.first().filter(|result| result.certain);
        let Some(result) = result.copied() else {
            self.certain = false;
            return Ok(());
        };
        self.context.check_result(result.size, result.frames)?;
        if let Some(encoder) = encode.memory(result.size) {
            let budget = self.context.memory().besides(result.pixels());
            self.reserve(budget, encoder.div_ceil(PIXEL))?;
        } else {
            // The pixels decide the format, and no encoder is refused before it is chosen.
            let budget = self.context.memory().besides(result.pixels());
            let encoder = encode.most_memory(result.size).div_ceil(PIXEL);
            self.peak = self.peak.max(budget.resident_with(encoder));
        }
        Ok(())
    }
}

/// Returns the size that the first transform scales an image to, in the image's own orientation, if no operation before
/// the resize depends on the size. The decoder may then reduce the image.
fn first_resize(planned: &PlannedTransform<'_>) -> Option<Size> {
    match planned.transform.gravity {
        Gravity::Remainder { .. } | Gravity::BoxCenter { .. } => {}
        // Content is analysed on the whole picture.
        Gravity::Auto | Gravity::Entropy | Gravity::Face => return None,
    }
    // An approximation is only reported if the whole transform runs.
    if !planned.plan.complete || planned.plan.ops.contains(&Op::Segment) {
        return None;
    }
    let mut turned = false;
    for op in &planned.plan.ops {
        match op {
            // These operations do the same to a picture of any size.
            Op::Flip(_) | Op::Rotate(Rotation::None | Rotation::Half) => {}
            Op::Rotate(Rotation::Quarter | Rotation::ThreeQuarters) => turned = !turned,
            Op::Resize { scaled, .. } => {
                return Some(if turned { scaled.transposed() } else { *scaled });
            }
            Op::Crop(_)
            | Op::Pad { .. }
            | Op::Background(_)
            | Op::Segment
            | Op::AdjustColors(_)
            | Op::Sharpen(_)
            | Op::Blur(_) => return None,
        }
    }
    None
}
