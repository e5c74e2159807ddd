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

/// All stages of a transform, in the order in which they run. The order is a promise to the author, who writes the
/// options of one transform in any order.
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

/// A function that returns one kind of change, as far as a transform asks for it.
type Stage = fn(&Transform, StageInput<'_>) -> Result<Choice, ServiceError>;

/// The picture that the stages before this one leave, as far as it is known.
#[derive(Clone, Copy)]
struct StageInput<'a> {
    size: Size,
    /// The picture itself, once it is decoded.
    picture: Option<&'a Image>,
    models: Models,
}

/// The result of a stage.
enum Choice {
    /// The operations of the stage.
    Ops(Vec<Op>),
    /// Operations with the same result size as those that the pixels will decide.
    Estimate(Vec<Op>),
    /// The pixels decide the operations, and the size that all later stages begin with.
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
    /// The operations in the order in which they run.
    pub ops: Vec<Op>,
    /// The size of their result.
    pub size: Size,
    /// Whether these are all operations. Otherwise the content of the picture decides the rest.
    pub complete: bool,
    /// The number of operations that do not depend on the pixels.
    certain: usize,
    /// The index of the first stage that depends on the pixels.
    pixels_from: Option<usize>,
    /// The approximations among the certain operations, each of which replaces a model.
    approximations: Vec<Approximation>,
}

/// The bounds of a picture at every point of its transform.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest width times height, in pixels.
    pub area: u64,
    /// The largest side of a picture that has been enlarged, in pixels.
    pub side: u32,
}

impl Bounds {
    /// Creates the bounds of a request whose result may have sides up to `side`.
    #[must_use]
    pub const fn new(area: u64, side: u32) -> Self {
        Self { area, side }
    }
}

/// Plans a transform of a picture of the given size. Where content decides only the place of a crop, the plan has the
/// size of the result, and the crop is centred.
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
    /// The operations that were done. They are the same for every other frame of an animation, whatever its pixels are.
    pub ops: Vec<Op>,
    /// The approximations that replaced a model.
    pub approximations: Vec<Approximation>,
}

/// Plans a transform of one picture and runs it.
///
/// # Errors
/// As for [`plan`], and when an operation fails or `check_cost` refuses it.
pub fn perform(
    transform: &Transform,
    image: Image,
    bounds: Bounds,
    models: Models,
    check_cost: impl Fn(Op, Size) -> Result<(), ServiceError>,
) -> Result<Performed, ServiceError> {
    let planner = Planner {
        transform,
        bounds,
        models,
    };
    planner.run(&planner.plan(image.size())?, image, check_cost)
}

/// A transform with the bounds of its pictures.
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

    /// Runs a plan on a picture of the size that it was made for. From the first stage that depends on the pixels, each
    /// stage is called once more with the picture. `check_cost` is called before each operation, because content may
    /// have decided its size only now.
    pub(crate) fn run(
        self,
        plan: &Plan,
        image: Image,
        check_cost: impl Fn(Op, Size) -> Result<(), ServiceError>,
    ) -> Result<Performed, ServiceError> {
        let mut done = Performed {
            image,
            ops: Vec::new(),
            approximations: plan.approximations.clone(),
        };
        let apply = |done: &mut Performed, op: Op| {
            check_cost(op, done.image.size())?;
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

    /// Returns the approximations in an operation. Refuses an operation that needs a model, if nothing may be
    /// approximated.
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

    /// Returns the size after an operation. A side beyond the bounds may stay, but no side may grow beyond them.
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

/// Returns the error for a picture beyond the bounds.
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
