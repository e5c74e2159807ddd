//! The `transforms` array: every element is checked before anything is done.

use safelight_protocol::{
    ErrorCode,
    steps::{DRAW_IMAGE_INDEX, IMAGE_INDEX, TARGET_IMAGE_INDEX},
};
use serde_json::{Map, Value};

use super::{draw, transform, warnings::Warnings};
use crate::{error::ServiceError, options::Step};

/// Parses the array for a form with `images` images.
pub(super) fn parse(
    json: &str,
    images: usize,
    max_steps: usize,
    warnings: &mut Warnings,
) -> Result<Vec<Step>, ServiceError> {
    let value: Value = serde_json::from_str(json)
        .map_err(|error| malformed(format!("transforms is not JSON: {error}")))?;
    let Value::Array(elements) = value else {
        return Err(malformed("transforms is not an array"));
    };
    if elements.len() > max_steps {
        return Err(ServiceError::new(
            ErrorCode::BadRequest,
            format!("transforms has more than {max_steps} elements"),
        ));
    }
    elements
        .iter()
        .enumerate()
        .map(|(element, value)| {
            let keys = value
                .as_object()
                .ok_or_else(|| malformed(format!("transforms[{element}] is not an object")))?;
            step(element, keys, images, warnings)
        })
        .collect()
}

fn step(
    element: usize,
    keys: &Map<String, Value>,
    images: usize,
    warnings: &mut Warnings,
) -> Result<Step, ServiceError> {
    let index = |key| index(element, key, keys.get(key), images);
    if !keys.contains_key(DRAW_IMAGE_INDEX) {
        // Only clients other than the platform's omit it.
        let image = index(IMAGE_INDEX)?.unwrap_or(0);
        let transform = Box::new(transform::parse(element, keys, warnings)?);
        if image == 0 && transform.has_shares() {
            let text = format!("transforms[{element}] makes the base a fraction of itself");
            return Err(ServiceError::new(ErrorCode::BadRequest, text));
        }
        return Ok(Step::Transform { image, transform });
    }
    let required =
        |key| index(key)?.ok_or_else(|| malformed(format!("transforms[{element}] has no {key}")));
    let overlay = required(DRAW_IMAGE_INDEX)?;
    let target = required(TARGET_IMAGE_INDEX)?;
    if overlay == 0 || overlay == target {
        return Err(malformed(format!(
            "transforms[{element}] draws image {overlay} onto image {target}"
        )));
    }
    Ok(Step::Draw {
        overlay,
        target,
        draw: draw::parse(element, keys, warnings)?,
    })
}

/// Parses the index under `key`, which must be in range; `None` if there is none.
fn index(
    element: usize,
    key: &str,
    value: Option<&Value>,
    images: usize,
) -> Result<Option<usize>, ServiceError> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    value
        .as_u64()
        .and_then(|index| usize::try_from(index).ok())
        .filter(|index| *index < images)
        .map(Some)
        .ok_or_else(|| {
            malformed(format!(
                "transforms[{element}].{key} is not the index of one of {images} images"
            ))
        })
}

fn malformed(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::MalformedRequest, text)
}
