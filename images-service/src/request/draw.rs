//! The options of one `draw()`.

use safelight_protocol::{
    Composite, Repeat,
    steps::{DRAW_IMAGE_INDEX, TARGET_IMAGE_INDEX},
};
use serde_json::{Map, Value};

use super::{options, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

/// The checked options of one `draw()`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// 0 to 1.
    pub opacity: f32,
    /// How overlay and base are combined.
    pub composite: Composite,
    /// Along which axes the overlay is tiled.
    pub repeat: Option<Repeat>,
    /// Where on the horizontal axis.
    pub horizontal: Position,
    /// Where on the vertical axis.
    pub vertical: Position,
}

impl Default for Draw {
    /// Once, in the middle, on top, as it is.
    fn default() -> Self {
        Self {
            opacity: 1.0,
            composite: Composite::Over,
            repeat: None,
            horizontal: Position::Center,
            vertical: Position::Center,
        }
    }
}

/// Where an overlay stands on one axis, in pixels; negative values lie outside the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// In the middle, the odd pixel on the far side.
    #[default]
    Center,
    /// At a distance from the left or top edge.
    Start(i32),
    /// At a distance from the right or bottom edge.
    End(i32),
}

/// What a draw command says besides its options.
const INDICES: &[&str] = &[DRAW_IMAGE_INDEX, TARGET_IMAGE_INDEX];

impl Draw {
    /// Checks the options of a draw command, element number `element` of the array.
    pub(super) fn parse(
        element: usize,
        keys: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> Result<Self, ServiceError> {
        let mut draw = Self::default();
        let mut horizontal = Axis::default();
        let mut vertical = Axis::default();
        for option in options(element, keys, INDICES) {
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
        Ok(Self {
            horizontal: horizontal.position("left")?,
            vertical: vertical.position("top")?,
            ..draw
        })
    }
}

fn opacity(option: OptionValue<'_>) -> Result<f32, ServiceError> {
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
    Ok(option.number_in(0.0, 1.0)? as f32)
}

/// The two offsets of an axis, of which one at most may be given.
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
