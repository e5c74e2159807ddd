//! The options of one `draw()`: opacity, composite, repeat and an offset along each axis.

use safelight_protocol::{
    Repeat,
    steps::{DRAW_IMAGE_INDEX, TARGET_IMAGE_INDEX},
};
use serde_json::{Map, Value};

use super::{given_options, value::OptionValue, warnings::Warnings};
use crate::{
    error::ServiceError,
    options::{Draw, Position},
};

/// The keys of a draw command that are not options.
const INDICES: &[&str] = &[DRAW_IMAGE_INDEX, TARGET_IMAGE_INDEX];

/// Parses the options of a draw command, element number `element` of the array.
pub(super) fn parse(
    element: usize,
    keys: &Map<String, Value>,
    warnings: &mut Warnings,
) -> Result<Draw, ServiceError> {
    let mut draw = Draw::default();
    let mut horizontal = Axis::default();
    let mut vertical = Axis::default();
    for option in given_options(element, keys, INDICES) {
        match option.key {
            "opacity" => draw.opacity = opacity(option)?,
            "left" => horizontal.start = Some(option.offset()?),
            "right" => horizontal.end = Some((option, option.offset()?)),
            "top" => vertical.start = Some(option.offset()?),
            "bottom" => vertical.end = Some((option, option.offset()?)),
            "composite" => draw.composite = option.word()?,
            "repeat" => draw.repeat = repeat(option)?,
            unknown => warnings.ignored_option("draw()", unknown),
        }
    }
    Ok(Draw {
        horizontal: horizontal.position("left")?,
        vertical: vertical.position("top")?,
        ..draw
    })
}

fn opacity(option: OptionValue<'_>) -> Result<f32, ServiceError> {
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
    Ok(option.number_in(0.0, 1.0)? as f32)
}

/// The two offsets of an axis. At most one of them may be given.
#[derive(Default)]
struct Axis<'a> {
    start: Option<i32>,
    end: Option<(OptionValue<'a>, i32)>,
}

impl Axis<'_> {
    fn position(self, start_key: &str) -> Result<Position, ServiceError> {
        match (self.start, self.end) {
            (None, None) => Ok(Position::Center),
            (Some(offset), None) => Ok(Position::Start(offset)),
            (None, Some((_, offset))) => Ok(Position::End(offset)),
            (Some(_), Some((option, _))) => {
                Err(option.error(format_args!("cannot be combined with {start_key}")))
            }
        }
    }
}

fn repeat(option: OptionValue<'_>) -> Result<Option<Repeat>, ServiceError> {
    match option.value {
        Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some(Repeat::Both)),
        Value::String(axis) if axis == "x" => Ok(Some(Repeat::X)),
        Value::String(axis) if axis == "y" => Ok(Some(Repeat::Y)),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(option.error("must be true, false, x or y"))
        }
    }
}
