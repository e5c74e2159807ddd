//! What one `transform()` does: its operations in their fixed order, with every number computed.

mod stages;

use safelight_protocol::{ErrorCode, Upscale};

use self::stages::{
    background, blur, border, flip, pad, resize, rotate, segment, sharpen, tone, trim, trim_border,
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
    tone,
    sharpen,
    blur,
];

/// One kind of change, as far as a transform asks for it.
type Stage = fn(&Transform, Subject<'_>) -> Result<Choice, ServiceError>;

/// What a stage knows of the picture that the stages before it leave.
#[derive(Clone, Copy)]
struct Subject<'a> {
    size: Size,
    /// The picture itself, once there is one.
    picture: Option<&'a Image>,
    models: Models,
}

/// What a stage comes to.
enum Choice {
    /// These operations; none of them leaves the picture as it is.
    Ops([Option<Op>; 2]),
    /// The pixels decide, and so does the size of all that follows.
    Unseen,
}

impl From<Option<Op>> for Choice {
    fn from(op: Option<Op>) -> Self {
        Self::Ops([op, None])
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
pub fn plan(
    transform: &Transform,
    size: Size,
    bounds: Bounds,
    models: Models,
) -> Result<Plan, ServiceError> {
    let mut plan = Plan {
        ops: Vec::new(),
        size,
        complete: true,
    };
    for stage in ORDER {
        let subject = Subject {
            size: plan.size,
            picture: None,
            models,
        };
        let Choice::Ops(ops) = stage(transform, subject)? else {
            plan.complete = false;
            break;
        };
        for op in ops.into_iter().flatten() {
            admit(transform, op, plan.size, models)?;
            plan.size = grown(op, plan.size, bounds)?;
            plan.ops.push(op);
        }
    }
    Ok(plan)
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

/// Does a transform. Before each operation `afford` is asked whether its cost can be paid, because only now the content
/// may have decided upon sizes.
pub fn perform(
    transform: &Transform,
    mut image: Image,
    bounds: Bounds,
    models: Models,
    afford: impl Fn(Op, Size) -> Result<(), ServiceError>,
) -> Result<Performed, ServiceError> {
    let (mut done, mut approximations) = (Vec::new(), Vec::new());
    let mut size = image.size();
    for stage in ORDER {
        let subject = Subject {
            size,
            picture: Some(&image),
            models,
        };
        let Choice::Ops(ops) = stage(transform, subject)? else {
            continue;
        };
        for op in ops.into_iter().flatten() {
            approximations.extend(admit(transform, op, size, models)?);
            let after = grown(op, size, bounds)?;
            afford(op, size)?;
            image = op.apply(image, models)?;
            size = after;
            done.push(op);
        }
    }
    Ok(Performed {
        image,
        ops: done,
        approximations,
    })
}

/// What of an operation would be a model's work. It is refused where nothing may be approximated.
fn admit(
    transform: &Transform,
    op: Op,
    size: Size,
    models: Models,
) -> Result<Vec<Approximation>, ServiceError> {
    let crops = matches!(op, Op::Resize { .. } | Op::Crop(_)) && transform.crop_target().is_some();
    let found = [
        (crops && transform.gravity == Gravity::Face && models.faces.is_none())
            .then_some(Approximation::Face),
        (op == Op::Segment && models.foreground.is_none()).then_some(Approximation::Segment),
        (op.enlarges(size) && transform.upscale == Some(Upscale::Generate))
            .then_some(Approximation::Upscale),
    ];
    match found.into_iter().flatten().next() {
        Some(approximation) if models.strict => Err(ServiceError::new(
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
fn grown(op: Op, before: Size, bounds: Bounds) -> Result<Size, ServiceError> {
    let after = op.resulting(before);
    let grown = after.longest() > before.longest();
    if after.area() > bounds.area || (grown && after.longest() > bounds.side) {
        return Err(too_large(after, bounds));
    }
    Ok(after)
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
