//! Parses the options that change pixels into one `transform()` of the binding.

use safelight_protocol::Side;
use serde_json::{Map, Value, json};

use super::invalid;
use crate::error::DeliveryError;
use crate::url::pairs::{OptionPairs, number};

/// The numeric options, each with its minimum and maximum.
const NUMBERS: &[(&str, f64, f64)] = &[
    ("zoom", 0.0, 1.0),
    ("brightness", 0.0, 255.0),
    ("contrast", 0.0, 255.0),
    ("gamma", 0.0, 255.0),
    ("saturation", 0.0, 255.0),
    ("sharpen", 0.0, 10.0),
    ("blur", 0.0, 250.0),
];
/// Maximum device pixel ratio.
const MAX_DPR: f64 = 10.0;

/// Takes the sizes, numbers, colours, gravity and rotation.
pub(super) fn read(pairs: &mut OptionPairs) -> Result<Map<String, Value>, DeliveryError> {
    let mut transform = Map::new();
    for key in ["width", "height"] {
        if let Some(pixels) = pairs.number(key) {
            if pixels <= 0.0 {
                return Err(invalid(key, "must be at least 1"));
            }
            transform.insert(key.into(), pixels.round().max(1.0).into());
        }
    }
    if let Some(dpr) = pairs.number("dpr") {
        if dpr <= 0.0 || dpr > MAX_DPR {
            return Err(invalid("dpr", "must be more than 0 and at most 10"));
        }
        if dpr > 3.0 {
            pairs.warn("dpr > 3 should never be used".into());
        }
        transform.insert("dpr".into(), dpr.into());
    }
    for (key, min, max) in NUMBERS {
        if let Some(number) = pairs.number(key) {
            if !(*min..=*max).contains(&number) {
                return Err(invalid(key, &format!("must be between {min} and {max}")));
            }
            // A radius of less than a pixel has no effect.
            if *key != "blur" || number >= 1.0 {
                transform.insert((*key).into(), number.into());
            }
        }
    }
    if let Some(degrees) = pairs.number("rotate") {
        match [0, 90, 180, 270, 360]
            .into_iter()
            .find(|known| f64::from(*known) == degrees)
        {
            Some(degrees) => {
                transform.insert("rotate".into(), degrees.into());
            }
            None => pairs.warn("rotate must be 0, 90, 180, 270 or 360 and was ignored".into()),
        }
    }
    if let Some(gravity) = pairs.take("gravity") {
        transform.insert("gravity".into(), point_or_side(&gravity, pairs)?);
    }
    if let Some(color) = pairs.take("background") {
        transform.insert("background".into(), css(&color).into());
    }
    Ok(transform)
}

/// Parses the name of a side, or a point `XxY`.
fn point_or_side(text: &str, pairs: &mut OptionPairs) -> Result<Value, DeliveryError> {
    if let Ok(side) = text.parse::<Side>() {
        return Ok(side.as_str().into());
    }
    let point = text
        .split_once('x')
        .and_then(|(x, y)| Some((number(x)?, number(y)?)));
    let Some((x, y)) = point else {
        let sides: Vec<_> = Side::ALL.iter().map(|side| side.as_str()).collect();
        let fault = format!("must be XxY or one of {}", sides.join(", "));
        return Err(invalid("gravity", &fault));
    };
    let inside = (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
    if inside != (x, y) {
        pairs.warn("gravity lies outside of 0 to 1 and was moved there".into());
    }
    Ok(json!({"x": inside.0, "y": inside.1}))
}

/// A colour in CSS notation. In a URL a hexadecimal colour needs no `#`, which would have to be encoded.
pub(super) fn css(color: &str) -> String {
    let is_bare_hex =
        matches!(color.len(), 3 | 4 | 6 | 8) && color.bytes().all(|c| c.is_ascii_hexdigit());
    match is_bare_hex {
        true => format!("#{color}"),
        false => color.to_owned(),
    }
}
