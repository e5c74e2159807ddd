//! One request from encoded images to an encoded image.

mod forecast;

use std::time::{Duration, Instant};

use bytes::Bytes;
use safelight_protocol::{ErrorCode, Fit, extension::Choose};
use serde_json::{Value, json};

use crate::{
    decode::{self, Header, Metadata},
    encode,
    error::ServiceError,
    geometry::Size,
    image::Image,
    limits::Limits,
    ops,
    plan::{Bounds, plan},
    request::{Step, Transform, TransformRequest},
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
    /// From encoded bytes to upright sRGB pixels, all images together.
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
        mut output,
        extension,
    } = request;

    // What can be refused is refused before any pixel.
    encode::check(&output)?;
    let bounds = Bounds::new(limits, encode::largest_side(output.format, limits));
    let headers = inspect_all(&images, limits)?;
    let base = headers.first().ok_or_else(no_base)?;
    forecast::check(&headers, &steps, bounds, limits)?;
    let source = format!("{} {}", base.format(), base.size());
    let metadata = match extension.drop_metadata {
        true => Metadata::default(),
        false => base.metadata(),
    };
    let original = original(&images, base);
    let mut warnings: Vec<String> = steps.iter().filter_map(warning).collect();

    // Decode.
    let started = Instant::now();
    let mut pictures = decode_all(&images, &headers, &mut warnings)?;
    drop(images);
    let decoded = started.elapsed();

    // Every step in the author's order.
    for step in &steps {
        run_step(step, &mut pictures, bounds)?;
    }
    let picture = pictures.into_iter().next().ok_or_else(no_base)?;
    let size = picture.size();
    let transformed = started.elapsed();

    // The format, where it was left open.
    let (format, warning) = encode::choose(&extension, &output, base.format(), &picture);
    output.format = format;
    warnings.extend(warning.map(str::to_owned));

    // Encode.
    let (bytes, content_type) = if extension.choose == Some(Choose::Json) {
        (sizes(size, &original), "application/json")
    } else {
        let bytes = encode::encode(picture, &output, &metadata)?;
        (bytes, output.format.content_type())
    };
    Ok(Encoded {
        bytes,
        content_type,
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

/// The answer for a caller who wants no picture.
fn sizes(size: Size, original: &Value) -> Vec<u8> {
    let sizes = json!({"width": size.width, "height": size.height, "original": original});
    sizes.to_string().into_bytes()
}

/// What that answer says of the source.
fn original(images: &[Bytes], base: &Header) -> Value {
    json!({
        "file_size": images.first().map_or(0, Bytes::len),
        "width": base.size().width,
        "height": base.size().height,
        "format": base.format(),
    })
}

fn inspect_all(images: &[Bytes], limits: &Limits) -> Result<Vec<Header>, ServiceError> {
    let inspect = |(index, bytes): (usize, &Bytes)| {
        decode::inspect(bytes, limits).map_err(|error| of_image(index, error))
    };
    images.iter().enumerate().map(inspect).collect()
}

fn decode_all(
    images: &[Bytes],
    headers: &[Header],
    warnings: &mut Vec<String>,
) -> Result<Vec<Image>, ServiceError> {
    let mut pictures = Vec::with_capacity(images.len());
    for (index, (bytes, header)) in images.iter().zip(headers).enumerate() {
        let decoded = decode::pixels(bytes, header).map_err(|error| of_image(index, error))?;
        warnings.extend(decoded.warning);
        pictures.push(decoded.image);
    }
    Ok(pictures)
}

fn run_step(step: &Step, pictures: &mut [Image], bounds: Bounds) -> Result<(), ServiceError> {
    match step {
        Step::Transform { image, transform } => {
            let picture = pictures.get_mut(*image).ok_or_else(no_base)?;
            for op in plan(transform, picture.size(), bounds)?.ops {
                *picture = op.apply(picture.take())?;
            }
        }
        Step::Draw {
            overlay,
            target,
            draw,
        } => {
            if let Ok([overlay, base]) = pictures.get_disjoint_mut([*overlay, *target]) {
                ops::draw(base, overlay, draw);
            }
        }
    }
    Ok(())
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
