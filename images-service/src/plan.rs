//! Plans one `transform()`: its operations in their fixed order, with every number computed.

mod stages;

use safelight_protocol::{ErrorCode, Upscale};

use self::stages::{
    adjust_colors, background, blur, border, flip, pad, resize, rotate, segment, sharpen, trim,
    trim_border,
};
use crate::{
    error::ServiceError,
    image::Image,
    models::{Approximation, Models},
    ops::Op,
    options::{Gravity, Size, Transform},
};

/// Everything that one transform can do, in the order in which it is done. The order is a promise to the author, who
/// writes the options of one transform in any order.
const ORDER: [Stage; 12] = [
    trim,
    trim_border,
    flip,
    rotate,
    segment,
    resize,
    pad,
    background,
    border,
    // Brightness, contrast, gamma, saturation: one operation, in that order.
    adjust_colors,
    sharpen,
    blur,
];

/// One kind of change, as far as a transform asks for it.
type Stage = fn(&Transform, StageInput<'_>) -> Result<Choice, ServiceError>;

/// What a stage knows of the picture that the stages before it leave.
#[derive(Clone, Copy)]
struct StageInput<'a> {
    size: Size,
    /// The picture itself, once there is one.
    picture: Option<&'a Image>,
    models: Models,
}

/// What a stage comes to.
enum Choice {
    /// These operations.
    Ops(Vec<Op>),
    /// Operations with the same result size as those that the pixels decide upon.
    Estimate(Vec<Op>),
    /// The pixels decide, and so does the size of all that follows.
    NeedsPixels,
}

impl From<Option<Op>> for Choice {
    fn from(op: Option<Op>) -> Self {
        Self::Ops(Vec::from_iter(op))
    }
}

/// The operations of one transform, as far as they are certain without pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In the order in which they run.
    pub ops: Vec<Op>,
    /// Size of what they lead to.
    pub size: Size,
    /// Whether that is all: otherwise the content of the picture decides what follows.
    pub complete: bool,
    /// How many of the operations hold whatever the pixels are.
    certain: usize,
    /// The number of the first stage in which the pixels decide.
    pixels_from: Option<usize>,
    /// The approximations among the certain operations: each stands in for a model.
    approximations: Vec<Approximation>,
}

/// What an image may become on its way.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Largest width times height.
    pub area: u64,
    /// Largest side of what is made larger.
    pub side: u32,
}

impl Bounds {
    /// The bounds of a request whose result may have sides up to `side`.
    #[must_use]
    pub const fn new(area: u64, side: u32) -> Self {
        Self { area, side }
    }
}

/// Plans a transform of a picture of the given size. Where content decides only the place of a crop, the plan has
/// the size of the result, and the place is the middle.
///
/// # Errors
/// When a picture would be larger than the bounds, or a model is asked for that may not be approximated.
pub fn plan(
    transform: &Transform,
    size: Size,
    bounds: Bounds,
    models: Models,
) -> Result<Plan, ServiceError> {
    Planner {
        transform,
        bounds,
        models,
    }
    .plan(size)
}

/// A picture after its transform.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The picture.
    pub image: Image,
    /// What was done: the same for every other frame of an animation, whatever the pixels of that frame.
    pub ops: Vec<Op>,
    /// What a model would have done better.
    pub approximations: Vec<Approximation>,
}

/// Plans a transform of one picture and runs it.
///
/// # Errors
/// As of [`plan`], and when an operation fails or cannot be afforded.
pub fn perform(
    transform: &Transform,
    image: Image,
    bounds: Bounds,
    models: Models,
    afford: impl Fn(Op, Size) -> Result<(), ServiceError>,
) -> Result<Performed, ServiceError> {
    let planner = Planner {
        transform,
        bounds,
        models,
    };
    planner.run(&planner.plan(image.size())?, image, afford)
}

/// A transform with the bounds that its pictures keep to.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) transform: &'a Transform,
    pub(crate) bounds: Bounds,
    pub(crate) models: Models,
}

impl Planner<'_> {
    pub(crate) fn plan(self, size: Size) -> Result<Plan, ServiceError> {
        let mut plan = Plan {
            ops: Vec::new(),
            size,
            complete: true,
            certain: 0,
            pixels_from: None,
            approximations: Vec::new(),
        };
        for (number, stage) in ORDER.into_iter().enumerate() {
            let input = StageInput {
                size: plan.size,
                picture: None,
                models: self.models,
            };
            let ops = match stage(self.transform, input)? {
                Choice::Ops(ops) => ops,
                Choice::Estimate(ops) => {
                    plan.pixels_from.get_or_insert(number);
                    ops
                }
                Choice::NeedsPixels => {
                    plan.pixels_from.get_or_insert(number);
                    plan.complete = false;
                    break;
                }
            };
            for op in ops {
                let approximations = self.check_models(op, plan.size)?;
                plan.size = self.checked_size(op, plan.size)?;
                plan.ops.push(op);
                if plan.pixels_from.is_none() {
                    plan.certain += 1;
                    plan.approximations.extend(approximations);
                }
            }
        }
        Ok(plan)
    }

    /// Runs a plan on a picture of the size that it was made for. From the stage on in which the pixels decide, each
    /// stage is asked once more with the picture. Before each operation `afford` is asked whether its cost can be paid,
    /// because only now the content may have decided upon sizes.
    pub(crate) fn run(
        self,
        plan: &Plan,
        image: Image,
        afford: impl Fn(Op, Size) -> Result<(), ServiceError>,
    ) -> Result<Performed, ServiceError> {
        let mut done = Performed {
            image,
            ops: Vec::new(),
            approximations: plan.approximations.clone(),
        };
        let apply = |done: &mut Performed, op: Op| {
            afford(op, done.image.size())?;
            done.image = op.apply(done.image.take(), self.models)?;
            done.ops.push(op);
            Ok(())
        };
        for op in plan.ops.iter().take(plan.certain) {
            apply(&mut done, *op)?;
        }
        let undecided = plan.pixels_from.unwrap_or(ORDER.len());
        for stage in ORDER.into_iter().skip(undecided) {
            let input = StageInput {
                size: done.image.size(),
                picture: Some(&done.image),
                models: self.models,
            };
            let (Choice::Ops(ops) | Choice::Estimate(ops)) = stage(self.transform, input)? else {
                continue;
            };
            for op in ops {
                let size = done.image.size();
                done.approximations.extend(self.check_models(op, size)?);
                self.checked_size(op, size)?;
                apply(&mut done, op)?;
            }
        }
        Ok(done)
    }

    /// What of an operation is a model's work. It is refused where nothing may be approximated.
    fn check_models(self, op: Op, size: Size) -> Result<Vec<Approximation>, ServiceError> {
        let crops =
            matches!(op, Op::Resize { .. } | Op::Crop(_)) && self.transform.crop_target().is_some();
        let found = [
            (crops && self.transform.gravity == Gravity::Face && self.models.faces.is_none())
                .then_some(Approximation::Face),
            (op == Op::Segment && self.models.foreground.is_none())
                .then_some(Approximation::Segment),
            (op.enlarges(size) && self.transform.upscale == Some(Upscale::Generate))
                .then_some(Approximation::Upscale),
        ];
        match found.into_iter().flatten().next() {
            Some(approximation) if self.models.strict => Err(ServiceError::new(
                ErrorCode::Busy,
                format!(
                    "{}: there is no model for it, and approximations are switched off",
                    approximation.text()
                ),
            )),
            _ => Ok(found.into_iter().flatten().collect()),
        }
    }

    /// The size after an operation. A picture may be as large as it already is, but not grow beyond the bounds.
    fn checked_size(self, op: Op, before: Size) -> Result<Size, ServiceError> {
        let bounds = self.bounds;
        let after = op.resulting(before);
        let grown = after.longest() > before.longest();
        if after.area() > bounds.area || (grown && after.longest() > bounds.side) {
            return Err(too_large(after, bounds));
        }
        Ok(after)
    }
}

/// The error for a picture beyond the bounds.
#[must_use]
pub fn too_large(size: Size, bounds: Bounds) -> ServiceError {
    ServiceError::new(
        ErrorCode::TooManyPixels,
        format!(
            "the result would be {size} pixels; the maximum is {} on each side and {} in all",
            bounds.side, bounds.area
        ),
    )
}

#[cfg(test)]
mod tests;
