//! The option `border`: a colour and the widths of four sides.

use super::{value::OptionValue, warnings::Warnings};
use crate::{error::ServiceError, options::Border};

/// Parses a border. The width of a single side takes precedence over the width of all.
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
