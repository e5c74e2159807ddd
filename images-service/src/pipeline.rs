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

/// A finished image and what the log wants to know of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The encoded image.
    pub image: EncodedImage,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What the base image was, such as `image/jpeg 4000x3000`.
    pub source: String,
    /// What was done otherwise than asked: texts for a `Warning` header.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub timings: Timings,
}

impl Outcome {
    /// An image without pixels, which was passed on.
    pub(crate) fn without_pixels(image: EncodedImage, source: &str) -> Self {
        Self {
            image,
            width: 0,
            height: 0,
            source: source.to_owned(),
            warnings: Vec::new(),
            timings: Timings::default(),
        }
    }
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// From encoded bytes and characters to upright sRGB pixels, all images together.
    pub decode: Duration,
    /// All steps.
    pub ops: Duration,
    /// From pixels to encoded bytes.
    pub encode: Duration,
}

/// Runs one request: plain work without waiting, for a thread that may block.
///
/// # Errors
/// When a source cannot be decoded, a step cannot be done, or the result cannot be encoded.
pub fn run(request: TransformRequest, limits: &PixelLimits) -> Result<Outcome, ServiceError> {
    run_until(request, limits, &Deadline::new(limits.time))
}

/// Runs one request until a deadline, which the caller may cancel.
///
/// # Errors
/// As of [`run`].
pub fn run_until(
    request: TransformRequest,
    limits: &PixelLimits,
    deadline: &Deadline,
) -> Result<Outcome, ServiceError> {
    let TransformRequest {
        images,
        steps,
        output,
        extension,
    } = request;

    // What can be refused is refused before any pixel.
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
    tracing::debug!(peak = program.peak(), "the program is planned");
    let mut warnings: Vec<String> = steps.iter().filter_map(warning).collect();

    // Decode, and do the steps.
    let started = Instant::now();
    let ran = program.run(text)?;
    warnings.extend(ran.warnings);
    extend_once(&mut warnings, ran.step_warnings);
    let Decision {
        format,
        warnings: decided,
    } = ran.decision;
    warnings.extend(decided.into_iter().map(str::to_owned));

    // Encode.
    let size = ran.picture.size();
    let (image, passed) = match extension.choose == Some(Choose::Json) {
        true => (sizes(&ran.picture, &steps, &original)?, None),
        false => {
            let output = Output { format, ..output };
            pass_through.or(encode::encode(ran.picture, &output, &metadata, deadline)?)
        }
    };
    warnings.extend(passed.map(str::to_owned));
    Ok(Outcome {
        image,
        width: size.width,
        height: size.height,
        source,
        warnings,
        timings: Timings {
            decode: ran.decode,
            ops: ran.ops,
            encode: started.elapsed().saturating_sub(ran.decode + ran.ops),
        },
    })
}

/// What all work on the pixels of one request keeps to.
#[derive(Clone, Copy)]
struct RunContext<'a> {
    bounds: Bounds,
    limits: &'a PixelLimits,
    deadline: &'a Deadline,
}

impl<'a> RunContext<'a> {
    /// All memory that the request may take.
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

    /// Whether the steps may make this of the base.
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

    /// The format of a result, of which the content may have decided upon the size.
    fn decide(
        self,
        encode: EncodePlan<'_>,
        source: &str,
        picture: &Picture,
    ) -> Result<Decision, ServiceError> {
        let (size, frames) = (picture.size(), picture.frames().len() as u64);
        self.check_result(size, frames)?;
        let decision = encode.decide(source, picture);
        let encoder = encode.memory_of(decision.format, size).div_ceil(PIXEL);
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

/// What that answer says of the source.
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

/// All frames are wanted of the base at most: of what is drawn, the first is seen.
fn open_all(
    images: Vec<ImageSource>,
    frames: Frames,
    limits: &PixelLimits,
    text: &mut TextBudget,
) -> Result<Vec<Source>, ServiceError> {
    let open = |(index, source)| {
        let frames = if index == 0 { frames } else { Frames::First };
        Source::new(source, frames, limits, text).map_err(|error| of_image(index, error))
    };
    images.into_iter().enumerate().map(open).collect()
}

/// What the log says of the base image.
fn source_text(base: &Source) -> String {
    let frames = match base.frames() {
        1 => String::new(),
        frames => format!(" of {frames} frames"),
    };
    format!("{} {}{frames}", base.format(), base.size())
}

/// What a step does otherwise than its words say.
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

/// Says which of several images an error is about.
fn of_image(index: usize, error: ServiceError) -> ServiceError {
    match index {
        0 => error,
        overlay => ServiceError::new(error.code, format!("overlay {overlay}: {}", error.message)),
    }
}
