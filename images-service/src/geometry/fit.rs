//! The modes of `fit`: computes how a picture is scaled, cropped and padded to a width and height.

use safelight_protocol::Fit;

use super::round;
use crate::options::{Gravity, Rect, Size};

/// The requested dimensions, either of which may be missing, and the options of their use.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The requested width in pixels, at least 1.
    pub width: Option<u32>,
    /// The requested height in pixels, at least 1.
    pub height: Option<u32>,
    /// The mode of `fit`.
    pub fit: Fit,
    /// The part that a crop keeps.
    pub gravity: Gravity,
}

/// The steps to the target: the picture is scaled, then cropped. [`padding`] puts the result on a larger canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The size after scaling; the source's own if nothing is scaled.
    pub scaled: Size,
    /// The kept part of the scaled picture, if not all of it is kept.
    pub crop: Option<Rect>,
}

/// A canvas around a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// The number of columns added on the left.
    pub left: u32,
    /// The number of rows added on top.
    pub top: u32,
    /// The size of the canvas.
    pub canvas: Size,
}

impl Layout {
    const fn scaled(size: Size) -> Self {
        Self {
            scaled: size,
            crop: None,
        }
    }
}

/// Computes the layout; `None` if a side exceeds the range of numbers.
#[must_use]
pub fn layout(source: Size, target: Target) -> Option<Layout> {
    match (target.width, target.height) {
        (None, None) => Some(Layout::scaled(source)),
        (Some(width), None) => along_width(source, width, target.fit).map(Layout::scaled),
        // The same computation with both axes exchanged.
        (None, Some(height)) => along_width(source.transposed(), height, target.fit)
            .map(|size| Layout::scaled(size.transposed())),
        (Some(width), Some(height)) => into_box(source, Size::new(width, height), target),
    }
}

/// Scales to one dimension alone. There is nothing to crop, and no canvas to fill.
fn along_width(source: Size, width: u32, fit: Fit) -> Option<Size> {
    match fit {
        Fit::ScaleDown | Fit::Crop | Fit::AspectCrop if width >= source.width => Some(source),
        Fit::ScaleUp if width <= source.width => Some(source),
        Fit::Squeeze => Some(Size::new(width, source.height)),
        Fit::ScaleDown
        | Fit::Crop
        | Fit::AspectCrop
        | Fit::ScaleUp
        | Fit::Contain
        | Fit::Cover
        | Fit::Pad => by_width(source, width),
    }
}

fn into_box(source: Size, requested: Size, target: Target) -> Option<Layout> {
    let wider = requested.width > source.width;
    let higher = requested.height > source.height;
    let narrower = requested.width < source.width;
    let lower = requested.height < source.height;
    match target.fit {
        Fit::ScaleDown if narrower || lower => inside(source, requested).map(Layout::scaled),
        Fit::ScaleUp if wider && higher => inside(source, requested).map(Layout::scaled),
        Fit::ScaleDown | Fit::ScaleUp => Some(Layout::scaled(source)),
        Fit::Contain | Fit::Pad => inside(source, requested).map(Layout::scaled),
        Fit::Cover => cover(source, requested, target.gravity),
        Fit::Crop if narrower && lower => cover(source, requested, target.gravity),
        Fit::Crop => {
            let kept = Size::new(
                requested.width.min(source.width),
                requested.height.min(source.height),
            );
            Some(cropped(source, kept, target.gravity))
        }
        Fit::AspectCrop if !wider && !higher => cover(source, requested, target.gravity),
        Fit::AspectCrop => Some(cropped(
            source,
            largest_with_ratio(source, requested),
            target.gravity,
        )),
        Fit::Squeeze => Some(Layout::scaled(requested)),
    }
}

/// Returns the largest size of the source's ratio that fits inside the box.
fn inside(source: Size, requested: Size) -> Option<Size> {
    if is_wider(source, requested) {
        by_width(source, requested.width)
    } else {
        by_height(source, requested.height)
    }
}

/// Scales to the smallest size that covers the box, then crops to the box.
fn cover(source: Size, requested: Size, gravity: Gravity) -> Option<Layout> {
    let scaled = if is_wider(source, requested) {
        by_height(source, requested.height)
    } else {
        by_width(source, requested.width)
    }?;
    Some(cropped(scaled, requested, gravity))
}

fn cropped(scaled: Size, kept: Size, gravity: Gravity) -> Layout {
    let crop = Rect {
        left: offset(scaled.width, kept.width, gravity, |(x, _)| x),
        top: offset(scaled.height, kept.height, gravity, |(_, y)| y),
        size: kept,
    };
    Layout {
        scaled,
        crop: (kept != scaled).then_some(crop),
    }
}

/// Returns the start of the kept part of one axis. The part is centred where the gravity depends on the content.
fn offset(side: u32, kept: u32, gravity: Gravity, axis: fn((f64, f64)) -> f64) -> u32 {
    let surplus = side.saturating_sub(kept);
    let share = |fraction: f64| f64::from(surplus) * fraction;
    let offset = match gravity {
        Gravity::Remainder { x, y } => share(axis((x, y))),
        Gravity::BoxCenter { x, y } => f64::from(side) * axis((x, y)) - f64::from(kept) / 2.0,
        Gravity::Auto | Gravity::Entropy | Gravity::Face => share(0.5),
    };
    u32::try_from(round(offset).clamp(0, i64::from(surplus))).unwrap_or(surplus)
}

/// Returns the canvas around a centred picture; `None` if the picture fills it. The odd pixel is on the far side.
#[must_use]
pub fn padding(size: Size, canvas: Size) -> Option<Padding> {
    let padding = Padding {
        left: canvas.width.saturating_sub(size.width) / 2,
        top: canvas.height.saturating_sub(size.height) / 2,
        canvas,
    };
    (canvas != size).then_some(padding)
}

/// Returns the largest size of the requested ratio that the source contains.
pub(super) fn largest_with_ratio(source: Size, requested: Size) -> Size {
    if is_wider(source, requested) {
        let width = scale(source.height, requested.width, requested.height);
        Size::new(
            width.unwrap_or(source.width).min(source.width),
            source.height,
        )
    } else {
        let height = scale(source.width, requested.height, requested.width);
        Size::new(
            source.width,
            height.unwrap_or(source.height).min(source.height),
        )
    }
}

/// Whether the source's ratio is wider than the box's, compared without fractions.
const fn is_wider(source: Size, requested: Size) -> bool {
    source.width as u64 * requested.height as u64 > requested.width as u64 * source.height as u64
}

fn by_width(source: Size, width: u32) -> Option<Size> {
    let height = scale(source.height, width, source.width)?;
    Some(Size::new(width, height))
}

fn by_height(source: Size, height: u32) -> Option<Size> {
    let width = scale(source.width, height, source.height)?;
    Some(Size::new(width, height))
}

/// `side · numerator / denominator`, rounded half up in whole numbers, at least 1.
fn scale(side: u32, numerator: u32, denominator: u32) -> Option<u32> {
    let double = 2 * u128::from(side) * u128::from(numerator);
    let denominator = u128::from(denominator.max(1));
    let rounded = (double + denominator) / (2 * denominator);
    u32::try_from(rounded.max(1)).ok()
}

#[cfg(test)]
mod tests;
