//! Crops around a focus in the picture.

use super::{fit::largest_with_ratio, round};
use crate::options::{Rect, Size};

/// Places a box of the given size around a point, in pixels, and moves it as far as it must to stay inside.
fn around(size: Size, part: Size, (x, y): (f64, f64)) -> Rect {
    let start = |side: u32, part: u32, center: f64| {
        let surplus = side.saturating_sub(part);
        let start = round(center - f64::from(part) / 2.0).clamp(0, i64::from(surplus));
        u32::try_from(start).unwrap_or(surplus)
    };
    Rect {
        left: start(size.width, part.width, x),
        top: start(size.height, part.height, y),
        size: part,
    }
}

/// Returns the part of a picture that is scaled to `target`: the largest part of the target's ratio at `zoom` 0, and
/// the smallest one around the `focus` at 1.
#[must_use]
pub fn zoomed(size: Size, target: Size, focus: Rect, zoom: f64) -> Rect {
    let largest = largest_with_ratio(size, target);
    let ratio = f64::from(target.width) / f64::from(target.height.max(1));
    let tight = f64::from(focus.size.width).max(f64::from(focus.size.height) * ratio);
    let between = |largest: u32, tight: f64| {
        let largest = f64::from(largest);
        let side = round(largest + (tight.min(largest) - largest) * zoom);
        u32::try_from(side).unwrap_or(u32::MAX).max(1)
    };
    let part = Size::new(
        between(largest.width, tight).min(size.width),
        between(largest.height, tight / ratio).min(size.height),
    );
    around(size, part, center(focus))
}

/// Returns the middle of a box.
#[must_use]
pub fn center(part: Rect) -> (f64, f64) {
    let middle = |start: u32, length: u32| f64::from(start) + f64::from(length) / 2.0;
    (
        middle(part.left, part.size.width),
        middle(part.top, part.size.height),
    )
}

/// Returns the smallest box around several boxes, clipped to the picture; `None` if all lie outside.
#[must_use]
pub fn around_all(size: Size, boxes: &[Rect]) -> Option<Rect> {
    let inside = boxes.iter().filter_map(|part| clipped(size, *part));
    inside.reduce(|one, other| {
        let (left, top) = (one.left.min(other.left), one.top.min(other.top));
        let end = |rect: Rect| (rect.left + rect.size.width, rect.top + rect.size.height);
        let (one, other) = (end(one), end(other));
        Rect {
            left,
            top,
            size: Size::new(one.0.max(other.0) - left, one.1.max(other.1) - top),
        }
    })
}

fn clipped(size: Size, part: Rect) -> Option<Rect> {
    let width = size.width.checked_sub(part.left)?.min(part.size.width);
    let height = size.height.checked_sub(part.top)?.min(part.size.height);
    (width > 0 && height > 0).then_some(Rect {
        size: Size::new(width, height),
        ..part
    })
}

#[cfg(test)]
mod tests {
    use super::{around_all, zoomed};
    use crate::options::{Rect, Size};

    const SIZE: Size = Size::new(100, 60);

    const fn rect(left: u32, top: u32, width: u32, height: u32) -> Rect {
        Rect {
            left,
            top,
            size: Size::new(width, height),
        }
    }

    #[test]
    fn zoom_goes_from_all_that_a_cover_keeps_to_the_focus_alone() {
        let face = rect(40, 20, 10, 20);
        let square = Size::new(8, 8);
        assert_eq!(zoomed(SIZE, square, face, 0.0), rect(15, 0, 60, 60));
        assert_eq!(zoomed(SIZE, square, face, 1.0), rect(35, 20, 20, 20));
        assert_eq!(zoomed(SIZE, square, face, 0.5), rect(25, 10, 40, 40));
    }

    #[test]
    fn a_focus_at_the_edge_or_too_large_for_the_ratio_stays_inside() {
        let square = Size::new(8, 8);
        let corner = rect(95, 55, 5, 5);
        assert_eq!(zoomed(SIZE, square, corner, 0.0), rect(40, 0, 60, 60));
        assert_eq!(zoomed(SIZE, square, corner, 1.0), rect(95, 55, 5, 5));
        let wide = rect(0, 10, 100, 10);
        assert_eq!(zoomed(SIZE, square, wide, 1.0), rect(20, 0, 60, 60));
    }

    #[test]
    fn several_boxes_are_one_around_all_and_what_is_outside_is_none() {
        let boxes = [rect(10, 10, 5, 5), rect(90, 50, 50, 50), rect(200, 0, 9, 9)];
        assert_eq!(around_all(SIZE, &boxes), Some(rect(10, 10, 90, 50)));
        assert_eq!(around_all(SIZE, &boxes[2..]), None);
        assert_eq!(around_all(SIZE, &[rect(0, 0, 0, 4)]), None);
        let beyond = rect(u32::MAX, u32::MAX, u32::MAX, u32::MAX);
        assert_eq!(around_all(SIZE, &[beyond]), None);
    }
}
