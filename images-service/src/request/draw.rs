//! The options of one `draw()`.

use safelight_protocol::Composite;
use serde_json::{Map, Value};

use super::{Draw, Position, options, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

impl Draw {
    /// Checks the options of a draw command, element number `element` of the array.
    pub(super) fn parse(
        element: usize,
        keys: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> Result<Self, ServiceError> {
        let mut opacity = 1.0;
        let mut horizontal = Axis::default();
        let mut vertical = Axis::default();
        for option in options(element, keys) {
            match option.key {
                "opacity" => opacity = option.number_in(0.0, 1.0)?,
                "left" => horizontal.start = Some(option.offset()?),
                "right" => horizontal.end = Some((option, option.offset()?)),
                "top" => vertical.start = Some(option.offset()?),
                "bottom" => vertical.end = Some((option, option.offset()?)),
                "composite" => check_composite(option)?,
                "repeat" => check_repeat(option)?,
                unknown => warnings.ignored_option("draw()", unknown),
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        Ok(Self {
            opacity: opacity as f32,
            horizontal: horizontal.position("left")?,
            vertical: vertical.position("top")?,
        })
    }
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

fn check_composite(option: OptionValue<'_>) -> Result<(), ServiceError> {
    match option.word()? {
        Composite::Over => Ok(()),
        other @ (Composite::In
        | Composite::Atop
        | Composite::Out
        | Composite::Xor
        | Composite::Lighter) => {
            Err(option.error(format_args!("{} is not supported yet", other.as_str())))
        }
    }
}

fn check_repeat(option: OptionValue<'_>) -> Result<(), ServiceError> {
    match option.value {
        Value::Bool(false) => Ok(()),
        Value::Bool(true) => Err(option.unsupported()),
        Value::String(axis) if axis == "x" || axis == "y" => Err(option.unsupported()),
        _ => Err(option.error("must be true, false, x or y")),
    }
}
