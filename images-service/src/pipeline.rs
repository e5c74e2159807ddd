//! One request from encoded images to an encoded image.

mod forecast;
mod limits;
mod load;
mod prepared;
mod shrink;
mod sizes;
mod transform;
mod untouched;

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use safelight_protocol::{ErrorCode, Fit, extension::Choose};
use serde_json::{Value, json};

pub use self::limits::PixelLimits;
use self::{
    forecast::Room,
    load::{Loaded, load},
    prepared::Prepared,
    sizes::sizes,
    transform::Course,
    untouched::Untouched,
};
use crate::{
    encode::{self, Written},
    error::ServiceError,
    metadata::Metadata,
    ops,
    options::{Frames, ImageSource, Output, Step, Transform},
    picture::Picture,
    pixel_deadline::Deadline,
    plan::Bounds,
    request::TransformRequest,
    svg,
    text::Effort,
};

/// A finished image and what the log wants to know of it.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// Its `content-type`.
    pub content_type: &'static str,
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
pub fn run(request: TransformRequest, limits: &PixelLimits) -> Result<Encoded, ServiceError> {
    run_until(request, limits, &Deadline::new(limits.time))
}

/// Runs one request within a deadline, which whoever waits for the result may cancel.
pub fn run_until(
    request: TransformRequest,
    limits: &PixelLimits,
    deadline: &Deadline,
) -> Result<Encoded, ServiceError> {
    if let Some(passed) = svg::passed(&request, deadline)? {
        return Ok(passed);
    }
    let TransformRequest {
        images,
        steps,
        mut output,
        extension,
    } = request;

    // What can be refused is refused before any pixel.
    let terms = Terms::new(&output, limits, deadline);
    let bounds = terms.bounds;
    let effort = &mut Effort::new(&limits.text, deadline);
    let frames = encode::wanted_frames(&extension, &output);
    let prepared = prepare_all(images, frames, limits, effort)?;
    let base = prepared.first().ok_or_else(no_base)?;
    let result = forecast::check(&prepared, &steps, bounds, limits)?;
    if let Some((size, frames)) = result.filter(|_| extension.choose.is_none()) {
        forecast::check_encoder(size, frames, &output, limits)?;
    }
    let source = source(base);
    let metadata = base.metadata(extension.metadata);
    let untouched = Untouched::of(&extension, &steps, &output, base);
    let original = original(base);
    let base_format = base.format();
    let mut warnings: Vec<String> = steps.iter().filter_map(warning).collect();

    // Decode, and do what comes first to each image.
    let started = Instant::now();
    let loaded = load(prepared, &steps, terms, effort)?;
    let done_first = loaded.time;
    let decoded = started.elapsed().saturating_sub(done_first);

    // Do the other steps.
    let picture = run_steps(&steps, loaded, terms, &mut warnings)?;
    let size = picture.size();
    // What is in a picture may have decided upon its size.
    forecast::check_result(size, picture.frames().len() as u64, bounds, limits)?;
    let transformed = started.elapsed();

    // The format, where it was left open.
    let (format, warning) = encode::choose(&extension, &output, base_format, &picture);
    output.format = format;
    forecast::check_encoder(size, picture.frames().len() as u64, &output, limits)?;
    warnings.extend(warning.map(str::to_owned));

    // Encode.
    let finished = match extension.choose == Some(Choose::Json) {
        true => sizes(&picture, &steps, &original)?,
        false => untouched.or(finish(picture, &output, &metadata, deadline)?),
    };
    warnings.extend(finished.warning);
    Ok(Encoded {
        bytes: finished.bytes,
        content_type: finished.content_type,
        width: size.width,
        height: size.height,
        source,
        warnings,
        timings: Timings {
            decode: decoded,
            ops: transformed.saturating_sub(decoded),
            encode: started.elapsed().saturating_sub(transformed),
        },
    })
}

/// What is sent, and what has to be said about it.
struct Finished {
    bytes: Vec<u8>,
    content_type: &'static str,
    warning: Option<String>,
}

fn finish(
    picture: Picture,
    output: &Output,
    metadata: &Metadata,
    deadline: &Deadline,
) -> Result<Finished, ServiceError> {
    let Written {
        bytes,
        format,
        warning,
    } = encode::encode(picture, output, metadata, deadline)?;
    Ok(Finished {
        bytes,
        content_type: format.content_type(),
        warning,
    })
}

/// What that answer says of the source.
fn original(base: &Prepared) -> Value {
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
fn prepare_all(
    images: Vec<ImageSource>,
    frames: Frames,
    limits: &PixelLimits,
    effort: &mut Effort,
) -> Result<Vec<Prepared>, ServiceError> {
    let prepare = |(index, source)| {
        let frames = if index == 0 { frames } else { Frames::First };
        Prepared::new(source, frames, limits, effort).map_err(|error| of_image(index, error))
    };
    images.into_iter().enumerate().map(prepare).collect()
}

/// What steps must keep to.
#[derive(Clone, Copy)]
struct Terms<'a> {
    bounds: Bounds,
    limits: &'a PixelLimits,
    deadline: &'a Deadline,
}

impl<'a> Terms<'a> {
    fn new(output: &Output, limits: &'a PixelLimits, deadline: &'a Deadline) -> Self {
        let side = encode::largest_side(output.format, limits.dimension);
        Self {
            bounds: Bounds::new(limits.decode.area, side),
            limits,
            deadline,
        }
    }
}

/// Does every step that is not done yet in the author's order, and gives the base.
fn run_steps(
    steps: &[Step],
    loaded: Loaded,
    terms: Terms<'_>,
    warnings: &mut Vec<String>,
) -> Result<Picture, ServiceError> {
    let Loaded {
        mut pictures,
        mut told,
        done,
        ..
    } = loaded;
    warnings.extend(loaded.warnings);
    for (number, step) in steps.iter().enumerate() {
        if done.contains(&number) {
            continue;
        }
        let base = pictures.first().map(Picture::size);
        let step = &*base.map_or(Cow::Borrowed(step), |base| step.beside(base));
        told.extend(run_step(step, &mut pictures, terms)?);
    }
    for text in told {
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
    pictures.into_iter().next().ok_or_else(no_base)
}

/// Does one step: also what was done otherwise than asked.
fn run_step(
    step: &Step,
    pictures: &mut [Picture],
    terms: Terms<'_>,
) -> Result<Vec<String>, ServiceError> {
    match step {
        Step::Transform { image, transform } => {
            let room = Room::besides(*image, pictures, terms.limits);
            let picture = pictures.get_mut(*image).ok_or_else(no_base)?;
            let (changed, told) = Course::of_picture(transform, picture.take(), room, terms)?;
            *picture = changed;
            Ok(told)
        }
        Step::Draw {
            overlay,
            target,
            draw,
        } => {
            terms.deadline.check()?;
            if let Ok([overlay, base]) = pictures.get_disjoint_mut([*overlay, *target]) {
                for frame in base.frames_mut() {
                    ops::draw(&mut frame.image, overlay.first(), draw);
                }
            }
            Ok(Vec::new())
        }
    }
}

/// What the log says of the base image.
fn source(base: &Prepared) -> String {
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

fn no_base() -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        "a step names an image that is not there",
    )
}
