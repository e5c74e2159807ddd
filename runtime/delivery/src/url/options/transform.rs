//! The options of a URL that change pixels, as one `transform()` of the binding.

use safelight_protocol::Side;
use serde_json::{Map, Value, json};

use super::refused;
use crate::failure::Failure;
use crate::url::pairs::{Pairs, number};

/// Numbers, and the range that each must be in.
const NUMBERS: &[(&str, f64, f64)] = &[
    ("zoom", 0.0, 1.0),
    ("brightness", 0.0, 255.0),
    ("contrast", 0.0, 255.0),
    ("gamma", 0.0, 255.0),
    ("saturation", 0.0, 255.0),
    ("sharpen", 0.0, 10.0),
    ("blur", 0.0, 250.0),
];
/// The device pixel ratio is more than 0 and at most this.
const MOST_DPR: f64 = 10.0;

/// Takes what is a number, a colour, a gravity or a rotation.
pub(super) fn read(pairs: &mut Pairs) -> Result<Map<String, Value>, Failure> {
    let mut transform = Map::new();
    for key in ["width", "height"] {
        if let Some(pixels) = pairs.number(key) {
            if pixels <= 0.0 {
                return Err(refused(key, "must be at least 1"));
            }
            transform.insert(key.into(), pixels.round().max(1.0).into());
        }
    }
    if let Some(dpr) = pairs.number("dpr") {
        if dpr <= 0.0 || dpr > MOST_DPR {
            return Err(refused("dpr", "must be more than 0 and at most 10"));
        }
        if dpr > 3.0 {
            pairs.warn("dpr > 3 should never be used".into());
        }
        transform.insert("dpr".into(), dpr.into());
    }
    for (key, least, most) in NUMBERS {
        if let Some(number) = pairs.number(key) {
            if !(*least..=*most).contains(&number) {
                return Err(refused(key, &format!("must be between {least} and {most}")));
            }
            // Less than a pixel blurs nothing.
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

/// A side by name, or `XxY`.
fn point_or_side(text: &str, pairs: &mut Pairs) -> Result<Value, Failure> {
    if let Ok(side) = text.parse::<Side>() {
        return Ok(side.as_str().into());
    }
    let point = text
        .split_once('x')
        .and_then(|(x, y)| Some((number(x)?, number(y)?)));
    let Some((x, y)) = point else {
        let sides: Vec<_> = Side::ALL.iter().map(|side| side.as_str()).collect();
        let fault = format!("must be XxY or one of {}", sides.join(", "));
        return Err(refused("gravity", &fault));
    };
    let inside = (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
    if inside != (x, y) {
        pairs.warn("gravity lies outside of 0 to 1 and was moved there".into());
    }
    Ok(json!({"x": inside.0, "y": inside.1}))
}

/// In a URL a colour in hexadecimal needs no `#`, which would have to be encoded.
pub(super) fn css(color: &str) -> String {
    let bare = matches!(color.len(), 3 | 4 | 6 | 8) && color.bytes().all(|c| c.is_ascii_hexdigit());
    match bare {
        true => format!("#{color}"),
        false => color.to_owned(),
    }
}
