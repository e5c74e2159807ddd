//! The stages of a transform. Each returns its operations for the size that the stages before it leave.

use safelight_protocol::{ErrorCode, Fit, Segment};

use super::{Choice, StageInput};
use crate::{
    content,
    error::ServiceError,
    geometry::{self, Padding, Target, layout},
    ops::Op,
    options::{Border, Color, ColorAdjustments, Gravity, Rect, Rotation, Size, Transform},
};

pub(super) fn trim(transform: &Transform, input: StageInput<'_>) -> Result<Choice, ServiceError> {
    let Some(part) = geometry::trimmed(input.size, transform.trim.cuts) else {
        return Err(too_many(format!(
            "trim leaves nothing of {} pixels",
            input.size
        )));
    };
    Ok(crop(input.size, part).into())
}

pub(super) fn trim_border(
    transform: &Transform,
    input: StageInput<'_>,
) -> Result<Choice, ServiceError> {
    let Some(border) = transform.trim.border else {
        return Ok(None.into());
    };
    let Some(picture) = input.picture else {
        return Ok(Choice::NeedsPixels);
    };
    Ok(crop(input.size, content::inside_border(picture, border)).into())
}

fn crop(size: Size, part: Rect) -> Option<Op> {
    (part.size != size).then_some(Op::Crop(part))
}

pub(super) fn flip(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    Ok(transform.flip.map(Op::Flip).into())
}

pub(super) fn rotate(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    Ok(match transform.rotate {
        Rotation::None => None,
        rotation @ (Rotation::Quarter | Rotation::Half | Rotation::ThreeQuarters) => {
            Some(Op::Rotate(rotation))
        }
    }
    .into())
}

pub(super) fn segment(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    Ok(transform
        .segment
        .map(|Segment::Foreground| Op::Segment)
        .into())
}

/// Scales and crops in one operation. The scaled picture as a whole is never computed.
pub(super) fn resize(transform: &Transform, input: StageInput<'_>) -> Result<Choice, ServiceError> {
    let size = input.size;
    let target = |gravity| Target {
        width: transform.width,
        height: transform.height,
        fit: transform.fit.unwrap_or(Fit::ScaleDown),
        gravity,
    };
    let layout_with = |gravity| {
        let beyond = || too_many(format!("{size} pixels cannot be scaled that far"));
        layout(size, target(gravity)).ok_or_else(beyond)
    };
    let mut layout = layout_with(transform.gravity)?;
    let crops = transform.crop_target().is_some();
    let Some(picture) = input.picture.filter(|_| crops) else {
        let ops = Vec::from_iter(scaled(size, layout.scaled, layout.crop));
        let by_content = match transform.gravity {
            Gravity::Auto | Gravity::Entropy => layout.crop.is_some(),
            Gravity::Face => input.models.faces.is_some(),
            Gravity::Remainder { .. } | Gravity::BoxCenter { .. } => false,
        };
        return Ok(match crops && by_content {
            true => Choice::Estimate(ops),
            false => Choice::Ops(ops),
        });
    };
    match (transform.gravity, &mut layout.crop) {
        (Gravity::Auto, Some(crop)) => {
            *crop = content::most_salient(picture, layout.scaled, crop.size)
        }
        (Gravity::Entropy, Some(crop)) => {
            *crop = content::most_detailed(picture, layout.scaled, crop.size);
        }
        (Gravity::Face, crop) => {
            let kept = crop.map_or(layout.scaled, |crop| crop.size);
            let found = input.models.faces.map_or(Vec::new(), |find| find(picture));
            if let Some(faces) = geometry::around_all(size, &found) {
                if transform.zoom > 0.0 {
                    let part = geometry::zoomed(size, kept, faces, transform.zoom);
                    let enlarged = scaled(part.size, kept, None);
                    let ops = [self::crop(size, part), enlarged];
                    return Ok(Choice::Ops(ops.into_iter().flatten().collect()));
                }
                let (x, y) = geometry::center(faces);
                layout = layout_with(Gravity::BoxCenter {
                    x: x / f64::from(size.width),
                    y: y / f64::from(size.height),
                })?;
            }
        }
        (Gravity::Auto | Gravity::Entropy, None)
        | (Gravity::Remainder { .. } | Gravity::BoxCenter { .. }, _) => {}
    }
    Ok(scaled(size, layout.scaled, layout.crop).into())
}

fn scaled(size: Size, scaled: Size, crop: Option<Rect>) -> Option<Op> {
    match crop {
        Some(part) if scaled == size => Some(Op::Crop(part)),
        None if scaled == size => None,
        _ => Some(Op::Resize {
            scaled,
            part: crop.unwrap_or(Rect::whole(scaled)),
        }),
    }
}

/// Adds the canvas of `pad`. Without a background the added area is white. A background that is not opaque is drawn
/// under the whole canvas in its own stage; drawn here as well, it would count twice.
pub(super) fn pad(transform: &Transform, input: StageInput<'_>) -> Result<Choice, ServiceError> {
    let canvas = match (transform.fit, transform.width, transform.height) {
        (Some(Fit::Pad), Some(width), Some(height)) => Size::new(width, height),
        _ => return Ok(None.into()),
    };
    let fill = match transform.background {
        None => Color::WHITE,
        Some(color) if color.a == 255 => color,
        Some(_) => Color::TRANSPARENT,
    };
    let padding = geometry::padding(input.size, canvas);
    Ok(padding.map(|padding| Op::Pad { padding, fill }).into())
}

pub(super) fn background(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    let visible = transform.background.filter(|color| color.a > 0);
    Ok(visible.map(Op::Background).into())
}

pub(super) fn border(transform: &Transform, input: StageInput<'_>) -> Result<Choice, ServiceError> {
    let Border {
        color,
        top,
        right,
        bottom,
        left,
    } = transform.border;
    let grown = |side: u32, widths: [u32; 2]| {
        let sum = widths.into_iter().try_fold(side, u32::checked_add);
        sum.ok_or_else(|| {
            too_many(format!(
                "a border of {} and {} pixels",
                widths[0], widths[1]
            ))
        })
    };
    let canvas = Size::new(
        grown(input.size.width, [left, right])?,
        grown(input.size.height, [top, bottom])?,
    );
    let padding = Padding { left, top, canvas };
    let op = Op::Pad {
        padding,
        fill: color,
    };
    Ok((canvas != input.size).then_some(op).into())
}

pub(super) fn adjust_colors(
    transform: &Transform,
    _: StageInput<'_>,
) -> Result<Choice, ServiceError> {
    let adjustments = transform.adjustments;
    Ok((adjustments != ColorAdjustments::default())
        .then_some(Op::AdjustColors(adjustments))
        .into())
}

pub(super) fn sharpen(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    let strength = transform.sharpen;
    Ok((strength > 0.0).then_some(Op::Sharpen(strength)).into())
}

pub(super) fn blur(transform: &Transform, _: StageInput<'_>) -> Result<Choice, ServiceError> {
    let radius = transform.blur;
    Ok((radius > 0).then_some(Op::Blur(radius)).into())
}

fn too_many(message: String) -> ServiceError {
    ServiceError::new(ErrorCode::TooManyPixels, message)
}
