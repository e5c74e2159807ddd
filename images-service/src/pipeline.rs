//! One request from encoded images to an encoded image.

mod forecast;
mod prepared;

use std::time::{Duration, Instant};

use safelight_protocol::{ErrorCode, Fit};

use self::prepared::Prepared;
use crate::{
    budget::Budget,
    decode::Frames,
    encode::{self, Written},
    error::ServiceError,
    limits::Limits,
    ops,
    picture::Picture,
    plan::{Bounds, plan},
    request::{ImageSource, Step, Transform, TransformRequest},
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
pub fn run(request: TransformRequest, limits: &Limits) -> Result<Encoded, ServiceError> {
    let TransformRequest {
        images,
        steps,
        output,
    } = request;

    // What can be refused is refused before any pixel.
    encode::check(&output)?;
    let bounds = Bounds::new(limits, encode::largest_side(output.format, limits));
    let budget = Budget::new(limits.time);
    let effort = &mut Effort::new(&limits.text);
    let prepared = prepare_all(images, encode::frames(&output), limits, effort)?;
    let base = prepared.first().ok_or_else(no_base)?;
    forecast::check(&prepared, &steps, bounds, limits)?;
    let source = source(base);
    let metadata = base.metadata();
    let mut warnings: Vec<String> = steps.iter().filter_map(warning).collect();

    // Decode.
    let started = Instant::now();
    let mut pictures = make_all(&prepared, budget, effort, &mut warnings)?;
    drop(prepared);
    let decoded = started.elapsed();

    // Every step in the author's order.
    for step in &steps {
        run_step(step, &mut pictures, bounds, budget)?;
    }
    let picture = pictures.into_iter().next().ok_or_else(no_base)?;
    let size = picture.size();
    let transformed = started.elapsed();

    // Encode.
    let Written {
        bytes,
        format,
        warning,
    } = encode::encode(picture, &output, &metadata, budget)?;
    warnings.extend(warning);
    Ok(Encoded {
        bytes,
        content_type: format.content_type(),
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

/// All frames are wanted of the base at most: of what is drawn, the first is seen.
fn prepare_all(
    images: Vec<ImageSource>,
    frames: Frames,
    limits: &Limits,
    effort: &mut Effort,
) -> Result<Vec<Prepared>, ServiceError> {
    let prepare = |(index, source)| {
        let frames = if index == 0 { frames } else { Frames::First };
        Prepared::new(source, frames, limits, effort).map_err(|error| of_image(index, error))
    };
    images.into_iter().enumerate().map(prepare).collect()
}

fn make_all(
    prepared: &[Prepared],
    budget: Budget,
    effort: &mut Effort,
    warnings: &mut Vec<String>,
) -> Result<Vec<Picture>, ServiceError> {
    let mut pictures = Vec::with_capacity(prepared.len());
    for (index, prepared) in prepared.iter().enumerate() {
        budget.check()?;
        let decoded = prepared
            .pixels(budget, effort)
            .map_err(|error| of_image(index, error))?;
        warnings.extend(decoded.warning);
        pictures.push(decoded.picture);
    }
    Ok(pictures)
}

fn run_step(
    step: &Step,
    pictures: &mut [Picture],
    bounds: Bounds,
    budget: Budget,
) -> Result<(), ServiceError> {
    match step {
        Step::Transform { image, transform } => {
            let picture = pictures.get_mut(*image).ok_or_else(no_base)?;
            let ops = plan(transform, picture.size(), bounds)?.ops;
            *picture = picture.take().try_map(|mut image| {
                for op in &ops {
                    budget.check()?;
                    image = op.apply(image)?;
                }
                Ok(image)
            })?;
        }
        Step::Draw {
            overlay,
            target,
            draw,
        } => {
            budget.check()?;
            if let Ok([overlay, base]) = pictures.get_disjoint_mut([*overlay, *target]) {
                for frame in base.frames_mut() {
                    ops::draw(&mut frame.image, overlay.first(), draw);
                }
            }
        }
    }
    Ok(())
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
    let Transform { width, height, .. } = transform;
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
