//! The program of one request: the loads of its images and its steps, with every operation that is certain before there
//! are pixels. Planning checks the sizes and the memory of the certain part, the encoder's included. `run` executes the
//! same loads and steps.

mod planner;

use safelight_protocol::ErrorCode;

use self::planner::ProgramPlanner;
use super::{RunContext, source::Source, transform::PlannedTransform};
use crate::{
    decode::Shrink,
    encode::EncodePlan,
    error::ServiceError,
    options::{Draw, Step, Transform},
};

/// A request that is planned as far as it can be without pixels.
pub(super) struct Program<'a> {
    /// The loads of all images, in the order of the request.
    pub(super) loads: Vec<Load<'a>>,
    /// The steps that follow once all images are loaded.
    pub(super) instructions: Vec<Instruction<'a>>,
    pub(super) encode: EncodePlan<'a>,
    /// The MIME type of the base, which may decide the format of the result.
    pub(super) base_format: &'static str,
    pub(super) context: RunContext<'a>,
    memory: u64,
}

/// The load of one image: its decoding, and the operations on each frame as soon as it is decoded.
pub(super) struct Load<'a> {
    pub(super) source: Source,
    pub(super) shrink: Shrink,
    /// The transform of the first step that involves the image, if it changes this image alone and depends on no other.
    pub(super) first: Option<PlannedTransform<'a>>,
}

/// One step.
pub(super) enum Instruction<'a> {
    /// A transform whose operations are certain, at least up to the first one that the pixels decide.
    Transform {
        image: usize,
        planned: Box<PlannedTransform<'a>>,
    },
    /// A transform of a picture whose size the pixels decide, or whose base's size they decide.
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
    /// Plans a request, and checks sizes and memory as far as they are certain. The rest is checked while it runs.
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
            memory: planner.memory(),
        })
    }

    /// Returns the bytes that the program takes at its peak: the most that a request may take, if its pixels decide a
    /// size.
    pub(super) const fn memory(&self) -> u64 {
        self.memory
    }
}

/// Returns the first step that involves image `index`, and its number, if it changes this image alone and depends on no
/// other.
fn first_step(index: usize, steps: &[Step]) -> Option<(usize, &Transform)> {
    let mut steps = steps.iter().enumerate();
    let (number, step) = steps.find(|(_, step)| match step {
        Step::Transform { image, .. } => *image == index,
        Step::Draw {
            overlay, target, ..
        } => *overlay == index || *target == index,
    })?;
    match step {
        // A share of the base has no size until the base is loaded.
        Step::Transform { transform, .. } if !transform.has_shares() => Some((number, transform)),
        Step::Transform { .. } | Step::Draw { .. } => None,
    }
}

/// Returns the error for an index without a picture, and for a picture drawn over itself. Parsing excludes both.
pub(super) fn no_picture() -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        "a step names an image that is not there, or one image twice",
    )
}
