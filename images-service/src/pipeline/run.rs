//! Runs a program.
//!
//! The first transform of an image is applied to each of its frames as soon as the frame is decoded, and the file is
//! dropped before the next image is loaded. Large data is thus resident once at a time.

use std::time::{Duration, Instant};

use super::{
    RunContext,
    program::{Instruction, Load, Program, no_picture},
    transform::{PlannedTransform, TransformRun},
};
use crate::{
    decode::{Decoded, Options, Shrink},
    encode::Decision,
    error::ServiceError,
    ops,
    picture::Picture,
    text::TextBudget,
};

/// The result of a run: the picture, the format that it is encoded in, warnings and times.
pub(super) struct RunResult {
    /// The base after all steps.
    pub(super) picture: Picture,
    /// The format of the result.
    pub(super) decision: Decision,
    /// The texts about the parts of images that could not be applied while they were loaded.
    pub(super) warnings: Vec<String>,
    /// The texts about what the steps did differently from the request.
    pub(super) step_warnings: Vec<String>,
    /// The time from encoded bytes and characters to pixels, for all images.
    pub(super) decode: Duration,
    /// The time of all steps.
    pub(super) ops: Duration,
}

impl Program<'_> {
    /// Decodes all images, does all steps in the author's order, and decides the format of the result.
    ///
    /// # Errors
    /// At the first image that cannot be decoded, or the first step that fails or exceeds the memory.
    pub(super) fn run(self, text: &mut TextBudget) -> Result<RunResult, ServiceError> {
        let started = Instant::now();
        let mut run = ProgramRun {
            context: self.context,
            pictures: Vec::with_capacity(self.loads.len()),
            warnings: Vec::new(),
            step_warnings: Vec::new(),
            first_steps: Duration::ZERO,
        };
        for load in self.loads {
            run.load(load, text)?;
        }
        let decode = started.elapsed().saturating_sub(run.first_steps);
        for instruction in &self.instructions {
            run.instruction(instruction)?;
        }
        let ops = started.elapsed().saturating_sub(decode);
        let picture = run.pictures.into_iter().next().ok_or_else(no_picture)?;
        Ok(RunResult {
            decision: self
                .context
                .decide(self.encode, self.base_format, &picture)?,
            picture,
            warnings: run.warnings,
            step_warnings: run.step_warnings,
            decode,
            ops,
        })
    }
}

/// A program that is running.
struct ProgramRun<'a> {
    context: RunContext<'a>,
    pictures: Vec<Picture>,
    warnings: Vec<String>,
    step_warnings: Vec<String>,
    /// The time of the steps that were done while images were loaded.
    first_steps: Duration,
}

impl ProgramRun<'_> {
    fn load(&mut self, load: Load<'_>, text: &mut TextBudget) -> Result<(), ServiceError> {
        let Load {
            source,
            shrink,
            first,
        } = load;
        let context = self.context;
        let reduced = shrink != Shrink::NONE;
        let options = Options {
            shrink,
            jpeg: context.limits.decode.jpeg,
            deadline: context.deadline,
        };
        let budget = context.memory().besides_pictures(self.pictures.iter());
        let budget = budget.besides(source.resident_decoder());
        let mut run = first.as_ref().map(|first| {
            let mut run = TransformRun::new(first, source.frames().into(), budget, context);
            run.reduced = reduced;
            run
        });
        let change = |image| match &mut run {
            Some(run) => run.frame(image),
            None => Ok(image),
        };
        let decoded = source.pixels(options, text, change);
        let Decoded { picture, warning } =
            decoded.map_err(|error| super::name_overlay(self.pictures.len(), error))?;
        self.pictures.push(picture);
        self.warnings.extend(warning);
        if let Some(run) = run {
            let (warnings, time) = run.end();
            self.step_warnings.extend(warnings);
            self.first_steps += time;
        }
        Ok(())
    }

    fn instruction(&mut self, instruction: &Instruction<'_>) -> Result<(), ServiceError> {
        match instruction {
            Instruction::Transform { image, planned } => self.transform(*image, planned),
            Instruction::NeedsPixels { image, transform } => {
                let base = self.pictures.first().ok_or_else(no_picture)?;
                let transform = transform.resolve_shares(base.size());
                let size = self.picture(*image)?.size();
                let planned = PlannedTransform::new(transform, size, self.context)?;
                self.transform(*image, &planned)
            }
            Instruction::Draw {
                overlay,
                target,
                draw,
            } => {
                self.context.deadline.check()?;
                let both = self.pictures.get_disjoint_mut([*overlay, *target]);
                let [overlay, base] = both.map_err(|_absent_or_equal| no_picture())?;
                for frame in base.frames_mut() {
                    ops::draw(&mut frame.image, overlay.first(), draw);
                }
                Ok(())
            }
        }
    }

    fn transform(
        &mut self,
        image: usize,
        planned: &PlannedTransform<'_>,
    ) -> Result<(), ServiceError> {
        let others = self.pictures.iter().enumerate();
        let others = others.filter(|(other, _)| *other != image);
        let budget = self.context.memory();
        let budget = budget.besides_pictures(others.map(|(_, picture)| picture));
        let context = self.context;
        let picture = self.picture(image)?;
        let (changed, warnings) = planned.run(picture.take(), budget, context)?;
        *picture = changed;
        self.step_warnings.extend(warnings);
        Ok(())
    }

    fn picture(&mut self, image: usize) -> Result<&mut Picture, ServiceError> {
        self.pictures.get_mut(image).ok_or_else(no_picture)
    }
}
