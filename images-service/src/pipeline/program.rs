//! The program of one request: what is decoded, done and encoded, with every operation that is certain before there are
//! pixels, and the memory that it takes at its peak. The same list is costed here and run in `run`.

mod planner;

use safelight_protocol::ErrorCode;

use self::planner::ProgramPlanner;
use super::{RunContext, memory::PIXEL, source::Source, transform::PlannedTransform};
use crate::{
    decode::Shrink,
    encode::EncodePlan,
    error::ServiceError,
    options::{Draw, Step, Transform},
};

/// A request that is planned as far as it can be without pixels.
pub(super) struct Program<'a> {
    /// How each image is made, in the order of the request.
    pub(super) loads: Vec<Load<'a>>,
    /// What is done once all images are there.
    pub(super) instructions: Vec<Instruction<'a>>,
    pub(super) encode: EncodePlan<'a>,
    /// MIME type of the base, by which the format of the result may be decided.
    pub(super) base_format: &'static str,
    pub(super) context: RunContext<'a>,
    peak: u64,
}

/// One image: how it is decoded, and what is done to each frame as soon as it is decoded.
pub(super) struct Load<'a> {
    pub(super) source: Source,
    pub(super) shrink: Shrink,
    /// The first step that the image has a part in, if that changes the image alone and by itself.
    pub(super) first: Option<PlannedTransform<'a>>,
}

/// One step.
pub(super) enum Instruction<'a> {
    /// A transform whose operations are certain, at least up to where the pixels decide.
    Transform {
        image: usize,
        planned: Box<PlannedTransform<'a>>,
    },
    /// A transform of a picture whose size the pixels decide, or whose base's size they do.
    NeedsPixels {
        image: usize,
        transform: &'a Transform,
    },
    Draw {
        overlay: usize,
        target: usize,
        draw: &'a Draw,
    },
}

impl<'a> Program<'a> {
    /// Plans a request, and checks sizes and memory as far as they are certain. What is not is checked on the way.
    ///
    /// # Errors
    /// When a picture would be too large, or the program takes more memory than its limits allow.
    pub(super) fn new(
        sources: Vec<Source>,
        steps: &'a [Step],
        encode: EncodePlan<'a>,
        context: RunContext<'a>,
    ) -> Result<Self, ServiceError> {
        let base_format = sources.first().ok_or_else(no_picture)?.format();
        let mut planner = ProgramPlanner::new(context);
        let mut loads = Vec::with_capacity(sources.len());
        let mut done = Vec::new();
        for (index, source) in sources.into_iter().enumerate() {
            let first = first_step(index, steps);
            loads.push(planner.load(source, first.map(|(_, transform)| transform))?);
            done.extend(first.map(|(number, _)| number));
        }
        let steps = steps.iter().enumerate();
        let instructions = steps
            .filter(|(number, _)| !done.contains(number))
            .map(|(_, step)| planner.instruction(step))
            .collect::<Result<_, _>>()?;
        planner.result(encode)?;
        Ok(Self {
            loads,
            instructions,
            encode,
            base_format,
            context,
            peak: planner.peak,
        })
    }

    /// Bytes of memory that the certain part of the program takes at its peak.
    pub(super) const fn peak(&self) -> u64 {
        self.peak.saturating_mul(PIXEL)
    }
}

/// The number of the first step that image number `index` has a part in, if it changes that image alone and by itself.
fn first_step(index: usize, steps: &[Step]) -> Option<(usize, &Transform)> {
    let mut steps = steps.iter().enumerate();
    let (number, step) = steps.find(|(_, step)| match step {
        Step::Transform { image, .. } => *image == index,
        Step::Draw {
            overlay, target, ..
        } => *overlay == index || *target == index,
    })?;
    match step {
        // A share of the base has no size as long as the base is not there.
        Step::Transform { transform, .. } if !transform.has_shares() => Some((number, transform)),
        Step::Transform { .. } | Step::Draw { .. } => None,
    }
}

/// The error for an index of no picture, which parsing excludes.
pub(super) fn no_picture() -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        "a step names an image that is not there",
    )
}
