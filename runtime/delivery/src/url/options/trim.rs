//! Parses `trim`: by sides, by size, or by the colour of a border.

use serde_json::{Map, Value, json};

use super::invalid;
use super::transform::css;
use crate::error::DeliveryError;
use crate::url::pairs::{OptionPairs, number};

/// Takes `trim` and every option that begins with `trim.`, as the `trim` of the binding.
pub(super) fn read(pairs: &mut OptionPairs) -> Result<Option<Value>, DeliveryError> {
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
                return Err(invalid(&format!("trim.{side}"), "must not be negative"));
            }
            trim.insert(side.into(), length.into());
        }
    }
    if let Some(color) = pairs.take("trim.border.color") {
        let border = border.get_or_insert_default();
        border.insert("color".into(), css(&color).into());
    }
    for (key, max) in [("tolerance", 255.0), ("keep", f64::MAX)] {
        let name = format!("trim.border.{key}");
        if let Some(value) = pairs.number(&name) {
            if !(0.0..=max).contains(&value) {
                return Err(invalid(&name, "is out of range"));
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

/// Parses `top;right;bottom;left`.
fn sides(list: &str) -> Result<Map<String, Value>, DeliveryError> {
    let lengths: Option<Vec<f64>> = list.split(';').map(number).collect();
    match lengths.as_deref() {
        Some([top, right, bottom, left]) if lengths.iter().flatten().all(|side| *side >= 0.0) => {
            match json!({"top": top, "right": right, "bottom": bottom, "left": left}) {
                Value::Object(sides) => Ok(sides),
                _ => Ok(Map::new()),
            }
        }
        _ => Err(invalid(
            "trim",
            "must be border, or four lengths as top;right;bottom;left",
        )),
    }
}
