//! A frame of one colour, by which a picture grows.

use super::{Color, value::OptionValue, warnings::Warnings};
use crate::error::ServiceError;

/// A frame around a picture; widths in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Colour of the frame, corners included.
    pub color: Color,
    /// Rows added on top.
    pub top: u32,
    /// Columns added on the right.
    pub right: u32,
    /// Rows added below.
    pub bottom: u32,
    /// Columns added on the left.
    pub left: u32,
}

impl Default for Border {
    /// Black, and without any width.
    fn default() -> Self {
        Self {
            color: Color {
                r: 0,
                g: 0,
                b: 0,
                a: 255,
            },
            top: 0,
            right: 0,
            bottom: 0,
            left: 0,
        }
    }
}

/// Reads a border; a side of its own goes before the width of all.
pub(super) fn parse(
    option: OptionValue<'_>,
    dpr: f64,
    warnings: &mut Warnings,
) -> Result<Border, ServiceError> {
    let mut border = Border::default();
    let (mut all, mut sides) = (0, [None; 4]);
    option.each(|name, inner| {
        match name {
            "color" => border.color = inner.color()?,
            "width" => all = inner.length(dpr)?,
            "top" => sides[0] = Some(inner.length(dpr)?),
            "right" => sides[1] = Some(inner.length(dpr)?),
            "bottom" => sides[2] = Some(inner.length(dpr)?),
            "left" => sides[3] = Some(inner.length(dpr)?),
            _ => warnings.ignored_option("transform()", inner.key),
        }
        Ok(())
    })?;
    let [top, right, bottom, left] = sides.map(|side| side.unwrap_or(all));
    Ok(Border {
        top,
        right,
        bottom,
        left,
        ..border
    })
}
