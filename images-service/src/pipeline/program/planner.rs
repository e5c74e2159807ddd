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

/// A picture that is not there yet.
#[derive(Clone, Copy)]
struct Estimate {
    size: Size,
    frames: u64,
    /// Whether the content of the picture has had no say in its size so far.
    certain: bool,
}

impl Estimate {
    const fn pixels(self) -> u64 {
        self.size.area().saturating_mul(self.frames)
    }
}

/// Goes through a program on sizes alone.
pub(super) struct ProgramPlanner<'a> {
    context: RunContext<'a>,
    pictures: Vec<Estimate>,
    /// Pixels that are resident at the highest point so far.
    pub(super) peak: u64,
}

impl<'a> ProgramPlanner<'a> {
    pub(super) const fn new(context: RunContext<'a>) -> Self {
        Self {
            context,
            pictures: Vec::new(),
            peak: 0,
        }
    }

    /// Takes note of memory that is needed, if there may be so much.
    fn reserve(&mut self, budget: MemoryBudget, pixels: u64) -> Result<(), ServiceError> {
        self.peak = self.peak.max(budget.with(pixels));
        budget.check(pixels)
    }

    /// What all pictures but one leave of the memory.
    fn besides_others(&self, index: usize) -> MemoryBudget {
        let others = self.pictures.iter().enumerate();
        let others = others.filter(|(other, _)| *other != index);
        others.fold(self.context.memory(), |budget, (_, picture)| {
            budget.besides(picture.pixels())
        })
    }

    /// Frames are decoded and changed one after the other.
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
        let made = Estimate {
            // What content decides makes nothing larger than both.
            size: match plan.complete {
                true => plan.size,
                false => larger(plan.size, size),
            },
            frames,
            certain: plan.complete,
        };
        let budget = budget.besides_frames(frames - 1, made.size);
        self.reserve(budget.besides(size.area()), decoder)?;
        let budget = budget.besides(source.resident_decoder());
        self.reserve(budget, ops_peak(&plan.ops, size))?;
        self.pictures.push(made);
        let jpeg = self.context.limits.decode.jpeg;
        let shrink = first_reduction(&planned)
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
                let target_size = self.pictures.get(*target).map(|picture| picture.size);
                let copied = target_size.filter(|_| ops::draw_needs_copy(draw));
                let copy = copied.map_or(0, Size::area);
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
        let beside = base.map_or(Cow::Borrowed(transform), |base| transform.beside(base.size));
        let budget = self.besides_others(image);
        let picture = self.pictures.get_mut(image).ok_or_else(no_picture)?;
        if beside.has_shares() || !picture.certain {
            picture.certain = false;
            return Ok(Instruction::NeedsPixels { image, transform });
        }
        let planned = PlannedTransform::new(beside, picture.size, self.context)?;
        let plan = &planned.plan;
        // Frames are changed one after the other: the rest is as it was, or done.
        let larger = larger(plan.size, picture.size);
        let budget = budget.besides_frames(picture.frames - 1, larger);
        picture.size = plan.size;
        picture.certain = plan.complete;
        self.reserve(budget, ops_peak(&plan.ops, planned.size))?;
        let planned = Box::new(planned);
        Ok(Instruction::Transform { image, planned })
    }

    /// The result and its encoder.
    pub(super) fn result(&mut self, encode: EncodePlan<'_>) -> Result<(), ServiceError> {
        let result = self.pictures.first().filter(|result| result.certain);
        let Some(result) = result.copied() else {
            return Ok(());
        };
        self.context.check_result(result.size, result.frames)?;
        if let Some(encoder) = encode.memory(result.size) {
            let budget = self.context.memory().besides(result.pixels());
            self.reserve(budget, encoder.div_ceil(PIXEL))?;
        }
        Ok(())
    }
}

/// The size that an image is scaled to by its first transform, in the image's own orientation, if that is the first thing
/// that happens to it: it may come out of its decoder smaller then.
fn first_reduction(planned: &PlannedTransform<'_>) -> Option<Size> {
    match planned.transform.gravity {
        Gravity::Remainder { .. } | Gravity::BoxCenter { .. } => {}
        // Content is looked for in the whole picture.
        Gravity::Auto | Gravity::Entropy | Gravity::Face => return None,
    }
    // A warning about an approximation is found where the whole transform is done.
    if !planned.plan.complete || planned.plan.ops.contains(&Op::Segment) {
        return None;
    }
    let mut turned = false;
    for op in &planned.plan.ops {
        match op {
            // These do the same to a picture of any size.
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
