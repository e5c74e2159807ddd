//! `trim`: by sides, by size, or by the colour of a border.

use serde_json::{Map, Value, json};

use super::refused;
use super::transform::css;
use crate::failure::Failure;
use crate::url::pairs::{Pairs, number};

/// Takes `trim` and all that begins with it: the option of the binding.
pub(super) fn read(pairs: &mut Pairs) -> Result<Option<Value>, Failure> {
    let mut trim = Map::new();
    let mut border = None;
    match pairs.take("trim").as_deref() {
        None => {}
        Some("border") => border = Some(Map::new()),
        Some(list) => trim = sides(list)?,
    }
    for side in ["top", "right", "bottom", "left", "width", "height"] {
        if let Some(length) = pairs.number(&format!("trim.{side}")) {
            if length < 0.0 {
                return Err(refused(&format!("trim.{side}"), "must not be negative"));
            }
            trim.insert(side.into(), length.into());
        }
    }
    if let Some(color) = pairs.take("trim.border.color") {
        let border = border.get_or_insert_default();
        border.insert("color".into(), css(&color).into());
    }
    for (key, most) in [("tolerance", 255.0), ("keep", f64::MAX)] {
        let name = format!("trim.border.{key}");
        if let Some(value) = pairs.number(&name) {
            if !(0.0..=most).contains(&value) {
                return Err(refused(&name, "is out of range"));
            }
            border
                .get_or_insert_default()
                .insert(key.into(), value.into());
        }
    }
    match border {
        Some(border) if border.is_empty() => trim.insert("border".into(), true.into()),
        Some(border) => trim.insert("border".into(), border.into()),
        None => None,
    };
    Ok((!trim.is_empty()).then_some(Value::Object(trim)))
}

/// `top;right;bottom;left`.
fn sides(list: &str) -> Result<Map<String, Value>, Failure> {
    let lengths: Option<Vec<f64>> = list.split(';').map(number).collect();
    match lengths.as_deref() {
        Some([top, right, bottom, left]) if lengths.iter().flatten().all(|side| *side >= 0.0) => {
            match json!({"top": top, "right": right, "bottom": bottom, "left": left}) {
                Value::Object(sides) => Ok(sides),
                _ => Ok(Map::new()),
            }
        }
        _ => Err(refused(
            "trim",
            "must be border, or four lengths as top;right;bottom;left",
        )),
    }
}
