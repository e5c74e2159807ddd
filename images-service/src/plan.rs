//! What one `transform()` does: its operations in their fixed order, with every number computed.

use safelight_protocol::{ErrorCode, Fit};

use crate::{
    error::ServiceError,
    geometry::{Layout, Rect, Size, Target, layout},
    limits::Limits,
    ops::Op,
    request::{Color, Rotation, Transform},
};

/// The operations of one transform, and the size that they lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In the order in which they run; none of them leaves the picture as it is.
    pub ops: Vec<Op>,
    /// Size of the result.
    pub size: Size,
}

/// What an image may become on its way.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Largest width times height.
    pub area: u64,
    /// Largest side of what is made larger.
    pub side: u32,
}

impl Bounds {
    /// The bounds of a request whose result may have sides up to `side`.
    #[must_use]
    pub const fn new(limits: &Limits, side: u32) -> Self {
        Self {
            area: limits.area,
            side,
        }
    }
}

/// Plans a transform of a picture of the given size.
pub fn plan(transform: &Transform, size: Size, bounds: Bounds) -> Result<Plan, ServiceError> {
    let turned = match transform.rotate {
        Rotation::None | Rotation::Half => size,
        Rotation::Quarter | Rotation::ThreeQuarters => size.transposed(),
    };
    let target = Target {
        width: transform.width,
        height: transform.height,
        fit: transform.fit.unwrap_or(Fit::ScaleDown),
        gravity: transform.gravity,
    };
    let layout = layout(turned, target).ok_or_else(|| beyond_numbers(turned))?;
    check(turned, layout.size(), bounds)?;

    // The order is a promise to the author, who writes the options of one transform in any order.
    let order = [
        transform.flip.map(Op::Flip),
        rotation(transform.rotate),
        resize(turned, &layout),
        pad(&layout, transform.background),
        transform
            .background
            .filter(|color| color.a > 0)
            .map(Op::Background),
    ];
    Ok(Plan {
        ops: order.into_iter().flatten().collect(),
        size: layout.size(),
    })
}

fn rotation(rotation: Rotation) -> Option<Op> {
    match rotation {
        Rotation::None => None,
        Rotation::Quarter | Rotation::Half | Rotation::ThreeQuarters => Some(Op::Rotate(rotation)),
    }
}

/// Scaling and cropping in one operation; the scaled picture as a whole is never made.
fn resize(source: Size, layout: &Layout) -> Option<Op> {
    let scaled = layout.scaled;
    match layout.crop {
        Some(part) if scaled == source => Some(Op::Crop(part)),
        Some(part) => Some(Op::Resize { scaled, part }),
        None if scaled == source => None,
        None => {
            let part = Rect {
                left: 0,
                top: 0,
                size: scaled,
            };
            Some(Op::Resize { scaled, part })
        }
    }
}

/// Without a background the added area is white. A background that lets something through is not drawn here: it
/// comes under the whole canvas in its own step, and would count twice.
fn pad(layout: &Layout, background: Option<Color>) -> Option<Op> {
    const WHITE: Color = Color {
        r: 255,
        g: 255,
        b: 255,
        a: 255,
    };
    const CLEAR: Color = Color {
        r: 0,
        g: 0,
        b: 0,
        a: 0,
    };
    let fill = match background {
        None => WHITE,
        Some(color) if color.a == 255 => color,
        Some(_) => CLEAR,
    };
    layout.padding.map(|padding| Op::Pad { padding, fill })
}

/// A picture may be as large as its source already was, but not grow beyond the bounds.
fn check(before: Size, after: Size, bounds: Bounds) -> Result<(), ServiceError> {
    let longest = |size: Size| size.width.max(size.height);
    let grown = longest(after) > longest(before);
    if after.area() > bounds.area || (grown && longest(after) > bounds.side) {
        return Err(too_large(after, bounds));
    }
    Ok(())
}

/// The error for a picture beyond the bounds.
#[must_use]
pub fn too_large(size: Size, bounds: Bounds) -> ServiceError {
    ServiceError::new(
        ErrorCode::TooManyPixels,
        format!(
            "the result would be {size} pixels; the maximum is {} on each side and {} in all",
            bounds.side, bounds.area
        ),
    )
}

fn beyond_numbers(source: Size) -> ServiceError {
    ServiceError::new(
        ErrorCode::TooManyPixels,
        format!("an image of {source} pixels cannot be scaled that far"),
    )
}

#[cfg(test)]
mod tests;
