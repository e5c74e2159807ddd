//! Runs one request, from encoded images to an encoded image.

mod limits;
mod memory;
mod pass_through;
mod program;
mod run;
mod sizes;
mod source;
mod transform;

use std::time::{Duration, Instant};

use safelight_protocol::{ErrorCode, Fit, extension::Choose};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::limits::PixelLimits;
use self::{
    memory::{MemoryBudget, PIXEL},
    pass_through::PassThrough,
    program::{Program, no_picture},
    sizes::sizes,
    source::Source,
};
use crate::{
    deadline::Deadline,
    encode::{self, Decision, EncodePlan, EncodedImage},
    error::ServiceError,
    options::{Frames, ImageSource, Output, Size, Step, Transform},
    picture::Picture,
    plan::{Bounds, Planner, too_large},
    request::TransformRequest,
    text::TextBudget,
};

/// A finished image, and the facts about it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The encoded image.
    pub image: EncodedImage,
    /// The facts for the report.
    pub facts: Facts,
}

/// The facts about an image that was made of pixels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The format and the size of the base image, such as `image/jpeg 4000x3000`.
    pub source: String,
    /// The differences between the request and its result: texts for `Warning` headers.
    pub warnings: Vec<String>,
    /// The time of each stage.
    pub timings: Timings,
}

/// The time of each stage.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Timings {
    /// The time from encoded bytes and characters to upright sRGB pixels, for all images together.
    pub decode: Duration,
    /// The time of all steps.
    pub ops: Duration,
    /// The time from pixels to encoded bytes.
    pub encode: Duration,
}

/// Runs one request. The work never waits, and is for a thread that may block.
///
/// # Errors
/// When a source cannot be decoded, a step cannot be done, or the result cannot be encoded.
pub fn run(request: TransformRequest, limits: &PixelLimits) -> Result<Outcome, ServiceError> {
    run_with(
        request,
        limits,
        &Deadline::new(limits.time),
        &mut Unobserved,
    )
}

/// The points of a run at which its caller is asked or told something.
pub trait Checkpoints {
    /// Called before any pixel is decoded, with the bytes that the work needs at its peak. Returns the time that the
    /// work waited for them, which does not count.
    ///
    /// # Errors
    /// Fails when the bytes are refused, which ends the work.
    fn planned(&mut self, needed: u64) -> Result<Duration, ServiceError>;

    /// Called when the pixels are made and their encoding begins.
    fn encoding(&mut self);
}

/// The checkpoints of a run whose caller neither limits nor observes it.
struct Unobserved;

impl Checkpoints for Unobserved {
    fn planned(&mut self, _needed: u64) -> Result<Duration, ServiceError> {
        Ok(Duration::ZERO)
    }

    fn encoding(&mut self) {}
}

/// Runs one request until a deadline, with checkpoints.
///
/// # Errors
/// Fails as [`run`] does, and when a checkpoint refuses the work.
pub fn run_with(
    request: TransformRequest,
    limits: &PixelLimits,
    deadline: &Deadline,
    checkpoints: &mut dyn Checkpoints,
) -> Result<Outcome, ServiceError> {
    let TransformRequest {
        images,
        steps,
        output,
        extension,
    } = request;

    // A request that is known to fail is refused before any pixel is decoded.
    let encode = EncodePlan::new(&extension, &output);
    let context = RunContext {
        bounds: Bounds::new(limits.decode.area, encode.max_side(limits.dimension)),
        limits,
        deadline,
    };
    let text = &mut TextBudget::new(&limits.text, deadline);
    let sources = open_all(images, encode.frames(), limits, text)?;
    let base = sources.first().ok_or_else(no_picture)?;
    let (source, original) = (source_text(base), original(base));
    let metadata = base.metadata(extension.metadata);
    let pass_through = PassThrough::new(&extension, &steps, &output, base);
    let program = Program::new(sources, &steps, encode, context)?;
    deadline.extend(checkpoints.planned(program.memory())?);
    let mut warnings: Vec<String> = steps.iter().filter_map(warning).collect();

    // Decode, and do the steps.
    let started = Instant::now();
    let result = program.run(text)?;
    warnings.extend(result.warnings);
    extend_once(&mut warnings, result.step_warnings);
    let Decision {
        format,
        warnings: decided,
    } = result.decision;
    warnings.extend(decided.into_iter().map(str::to_owned));

    checkpoints.encoding();
    let size = result.picture.size();
    let (image, passed) = match extension.choose == Some(Choose::Json) {
        true => (sizes(&result.picture, &steps, &original)?, None),
        false => {
            let output = Output { format, ..output };
            pass_through.or(encode::encode(
                result.picture,
                &output,
                &metadata,
                deadline,
            )?)
        }
    };
    warnings.extend(passed.map(str::to_owned));
    let facts = Facts {
        width: size.width,
        height: size.height,
        source,
        warnings,
        timings: Timings {
            decode: result.decode,
            ops: result.ops,
            encode: started.elapsed().saturating_sub(result.decode + result.ops),
        },
    };
    Ok(Outcome { image, facts })
}

/// The limits of all work on the pixels of one request.
#[derive(Clone, Copy)]
struct RunContext<'a> {
    bounds: Bounds,
    limits: &'a PixelLimits,
    deadline: &'a Deadline,
}

impl<'a> RunContext<'a> {
    /// Returns the memory that the request may take.
    const fn memory(self) -> MemoryBudget {
        MemoryBudget::new(self.limits.memory)
    }

    const fn planner(self, transform: &'a Transform) -> Planner<'a> {
        Planner {
            transform,
            bounds: self.bounds,
            models: self.limits.models,
        }
    }

    /// Verifies that the result may have this size and this number of frames.
    fn check_result(self, size: Size, frames: u64) -> Result<(), ServiceError> {
        if size.longest() > self.bounds.side {
            return Err(too_large(size, self.bounds));
        }
        let max_area = self.limits.decode.animation_area;
        if frames > 1 && size.area().saturating_mul(frames) > max_area {
            return Err(ServiceError::new(
                ErrorCode::TooManyPixels,
                format!(
                    "the result would be {frames} frames of {size} pixels, and the maximum is {max_area} pixels together"
                ),
            ));
        }
        Ok(())
    }

    /// Decides the format of a result. Its size is checked again, because content may have decided it.
    fn decide(
        self,
        encode: EncodePlan<'_>,
        source: &str,
        picture: &Picture,
    ) -> Result<Decision, ServiceError> {
        let (size, frames) = (picture.size(), picture.frames().len() as u64);
        self.check_result(size, frames)?;
        let decision = encode.decide(source, picture);
        let encoder = encode.memory_for(decision.format, size).div_ceil(PIXEL);
        self.memory().besides_frames(frames, size).check(encoder)?;
        Ok(decision)
    }
}

/// Adds warnings that are not there yet.
fn extend_once(warnings: &mut Vec<String>, others: Vec<String>) {
    for text in others {
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
}

/// Returns the facts about the source for the JSON answer of sizes.
fn original(base: &Source) -> Value {
    let mut original = json!({
        "file_size": base.file_size(),
        "width": base.size().width,
        "height": base.size().height,
        "format": base.format(),
    });
    if base.frames() > 1 {
        original["frames"] = base.frames().into();
    }
    original
}

/// Opens all images. Only the base may have several frames, because of an overlay only the first is drawn.
fn open_all(
    images: Vec<ImageSource>,
    frames: Frames,
    limits: &PixelLimits,
    text: &mut TextBudget,
) -> Result<Vec<Source>, ServiceError> {
    let open = |(index, source)| {
        let frames = if index == 0 { frames } else { Frames::First };
        Source::new(source, frames, limits, text).map_err(|error| name_overlay(index, error))
    };
    images.into_iter().enumerate().map(open).collect()
}

/// Returns the description of the base image for the log.
fn source_text(base: &Source) -> String {
    let frames = match base.frames() {
        1 => String::new(),
        frames => format!(" of {frames} frames"),
    };
    format!("{} {}{frames}", base.format(), base.size())
}

/// Returns the warning about a step that does not do what its options say.
fn warning(step: &Step) -> Option<String> {
    let Step::Transform { transform, .. } = step else {
        return None;
    };
    let Transform { width, height, .. } = &**transform;
    let word = match transform.fit? {
        fit @ (Fit::Cover | Fit::Crop | Fit::AspectCrop) => fit,
        Fit::ScaleDown | Fit::ScaleUp | Fit::Contain | Fit::Pad | Fit::Squeeze => return None,
    };
    (width.is_some() != height.is_some())
        .then(|| format!("{word} fit mode needs both width and height"))
}

/// Names the overlay that an error is about. An error of the base stays as it is.
fn name_overlay(index: usize, error: ServiceError) -> ServiceError {
    match index {
        0 => error,
        overlay => ServiceError::new(error.code, format!("overlay {overlay}: {}", error.message)),
    }
}
