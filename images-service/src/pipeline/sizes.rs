//! The JSON answer of sizes, with the mask of the subject.

use base64::{Engine, engine::general_purpose::STANDARD};
use safelight_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::{
    catch_panic::catch_panic,
    encode::{self, EncodedImage},
    error::ServiceError,
    options::Step,
    picture::Picture,
};

/// Encodes the sizes of the result and of the source, which `original` has, as JSON.
pub(super) fn sizes(
    picture: &Picture,
    steps: &[Step],
    original: &Value,
) -> Result<EncodedImage, ServiceError> {
    let size = picture.size();
    let mut sizes = json!({"width": size.width, "height": size.height, "original": original});
    if steps.iter().any(segments) {
        let mask = catch_panic(ErrorCode::EncodingFailed, "image/png", || {
            encode::png::mask(picture.first())
        })?;
        sizes["segment"] = json!({"foreground": STANDARD.encode(mask)});
    }
    Ok(EncodedImage {
        bytes: sizes.to_string().into_bytes(),
        content_type: "application/json",
    })
}

/// Whether a step separates the subject of the base.
fn segments(step: &Step) -> bool {
    match step {
        Step::Transform { image, transform } => *image == 0 && transform.segment.is_some(),
        Step::Draw { .. } => false,
    }
}
