//! Runs one transform on the frames of a picture: the first frame decides the operations, which all frames share.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use safelight_protocol::ErrorCode;

use super::{
    RunContext,
    memory::{MemoryBudget, op_peak, ops_peak},
};
use crate::{
    error::ServiceError,
    image::Image,
    ops::Op,
    options::{Size, Transform},
    picture::Picture,
    plan::{Performed, Plan},
};

/// The transform of an instruction, with the size that it was planned for.
#[derive(Debug)]
pub(super) struct PlannedTransform<'a> {
    pub(super) transform: Cow<'a, Transform>,
    /// The size that the author knows. An image that its decoder has reduced is smaller.
    pub(super) size: Size,
    pub(super) plan: Plan,
}

impl<'a> PlannedTransform<'a> {
    pub(super) fn new(
        transform: Cow<'a, Transform>,
        size: Size,
        context: RunContext<'_>,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            plan: context.planner(&transform).plan(size)?,
            transform,
            size,
        })
    }

    /// Runs on a picture that is decoded already. Also returns the texts about what was done differently from the
    /// request.
    pub(super) fn run(
        &self,
        picture: Picture,
        budget: MemoryBudget,
        context: RunContext<'_>,
    ) -> Result<(Picture, Vec<String>), ServiceError> {
        let others = picture.frames().len() as u64 - 1;
        let mut run = TransformRun {
            others_resident: others,
            ..TransformRun::new(self, picture.frames().len() as u64, budget, context)
        };
        let changed = picture.try_map(|image| run.frame(image))?;
        Ok((changed, run.warnings))
    }
}

/// A transform that is running.
pub(super) struct TransformRun<'a> {
    planned: &'a PlannedTransform<'a>,
    /// The number of frames besides the first.
    others: u64,
    /// The number of those frames that are resident while the first is changed.
    others_resident: u64,
    budget: MemoryBudget,
    context: RunContext<'a>,
    /// Whether the decoder has reduced the frames.
    pub(super) reduced: bool,
    /// The operations on every frame, once the first frame has decided them.
    decided: Option<Cow<'a, [Op]>>,
    warnings: Vec<String>,
    time: Duration,
}

impl<'a> TransformRun<'a> {
    /// Creates a run over frames that a decoder delivers one by one, in their own size.
    pub(super) fn new(
        planned: &'a PlannedTransform<'a>,
        frames: u64,
        budget: MemoryBudget,
        context: RunContext<'a>,
    ) -> Self {
        Self {
            planned,
            others: frames.max(1) - 1,
            others_resident: 0,
            budget,
            context,
            reduced: false,
            decided: None,
            warnings: Vec::new(),
            time: Duration::ZERO,
        }
    }

    /// Transforms the next frame.
    pub(super) fn frame(&mut self, image: Image) -> Result<Image, ServiceError> {
        let started = Instant::now();
        let changed = match &self.decided {
            Some(ops) => self.apply(ops, image),
            // The plan was made for the size that the author knows. It holds for a reduced image as well, because a
            // resize ends at the same size.
            None if self.reduced => {
                let ops = &self.planned.plan.ops;
                self.decided = Some(Cow::Borrowed(ops));
                self.apply(ops, image)
            }
            None if image.size() != self.planned.size => Err(ServiceError::new(
                ErrorCode::Internal,
                format!(
                    "a transform of {} is planned for {}",
                    image.size(),
                    self.planned.size
                ),
            )),
            None => self.first(image),
        };
        self.time += started.elapsed();
        changed
    }

    /// Returns the texts about what was done differently from the request, and the time of the whole run.
    pub(super) fn end(self) -> (Vec<String>, Duration) {
        (self.warnings, self.time)
    }

    fn first(&mut self, image: Image) -> Result<Image, ServiceError> {
        let PlannedTransform {
            transform, plan, ..
        } = self.planned;
        let size = image.size();
        // The other frames keep their size until the size of the result is known.
        let at_first = self.budget.besides_frames(self.others_resident, size);
        let deadline = self.context.deadline;
        let check_cost = |op, size| {
            deadline.check()?;
            at_first.check(op_peak(op, size))
        };
        let Performed {
            image,
            ops,
            approximations,
        } = self
            .context
            .planner(transform)
            .run(plan, image, check_cost)?;
        if self.others > self.others_resident || image.size().area() > size.area() {
            let budget = self.budget.besides_frames(self.others, image.size());
            budget.check(ops_peak(&ops, size))?;
        }
        let texts = approximations.iter().map(|one| one.text().to_owned());
        self.warnings = texts.collect();
        self.decided = Some(Cow::Owned(ops));
        Ok(image)
    }

    fn apply(&self, ops: &[Op], mut image: Image) -> Result<Image, ServiceError> {
        for op in ops {
            self.context.deadline.check()?;
            image = op.apply(image, self.context.limits.models)?;
        }
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, time::Duration};

    use safelight_protocol::ErrorCode;

    use super::{PlannedTransform, RunContext, Transform};
    use crate::{
        deadline::Deadline,
        image::{Channels, Image},
        options::Size,
        pipeline::PixelLimits,
        plan::Bounds,
    };

    #[test]
    fn a_picture_of_another_size_than_planned_is_an_error() {
        let limits = PixelLimits::default();
        let context = RunContext {
            bounds: Bounds::new(limits.decode.area, limits.dimension),
            limits: &limits,
            deadline: &Deadline::new(Duration::MAX),
        };
        let transform = Cow::Owned(Transform::default());
        let planned = PlannedTransform::new(transform, Size::new(4, 4), context).unwrap();
        let run = |size| {
            let image = Image::filled(size, Channels::Rgb, [9; 4]);
            planned.run(image.into(), context.memory(), context)
        };
        assert!(run(Size::new(4, 4)).is_ok());
        let error = run(Size::new(4, 3)).unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal, "{error}");
    }
}
