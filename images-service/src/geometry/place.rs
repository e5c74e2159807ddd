//! Where an overlay stands on its base, and what of it can be seen.

use super::{Rect, Size};
use crate::request::Position;

/// The coordinate of an overlay's near edge on one axis; outside the base it is negative or too large.
#[must_use]
pub fn position(base: u32, overlay: u32, position: Position) -> i64 {
    let free = i64::from(base) - i64::from(overlay);
    match position {
        // Rounded down below zero as well, so that the odd pixel is always on the far side.
        Position::Center => free.div_euclid(2),
        Position::Start(distance) => i64::from(distance),
        Position::End(distance) => free - i64::from(distance),
    }
}

/// The part of an overlay that lies on its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The part, in the overlay's coordinates.
    pub part: Rect,
    /// Where it begins on the base, from the left.
    pub left: u32,
    /// Where it begins on the base, from the top.
    pub top: u32,
}

/// What of an overlay at `x`, `y` lies on the base; `None` if nothing does.
#[must_use]
pub fn overlap(base: Size, overlay: Size, x: i64, y: i64) -> Option<Overlap> {
    let (left, skipped_left, width) = span(base.width, overlay.width, x)?;
    let (top, skipped_top, height) = span(base.height, overlay.height, y)?;
    Some(Overlap {
        part: Rect {
            left: skipped_left,
            top: skipped_top,
            size: Size::new(width, height),
        },
        left,
        top,
    })
}

/// On one axis: where the common span begins on the base and in the overlay, and its length.
fn span(base: u32, overlay: u32, at: i64) -> Option<(u32, u32, u32)> {
    let start = at.max(0);
    let end = i64::from(base).min(at.saturating_add(i64::from(overlay)));
    let length = u32::try_from(end.checked_sub(start)?).ok()?;
    if length == 0 {
        return None;
    }
    let start = u32::try_from(start).ok()?;
    let skipped = u32::try_from(i64::from(start) - at).ok()?;
    Some((start, skipped, length))
}

#[cfg(test)]
mod tests {
    use super::{Overlap, overlap, position};
    use crate::{
        geometry::{Rect, Size},
        request::Position,
    };

    #[test]
    fn an_overlay_stands_in_the_middle_and_the_odd_pixel_on_the_far_side() {
        assert_eq!(position(10, 4, Position::Center), 3);
        assert_eq!(position(10, 5, Position::Center), 2);
        assert_eq!(position(4, 7, Position::Center), -2, "floor, not zero-ward");
    }

    #[test]
    fn distances_count_from_the_edge_they_name() {
        assert_eq!(position(10, 4, Position::Start(1)), 1);
        assert_eq!(position(10, 4, Position::Start(-2)), -2);
        assert_eq!(position(10, 4, Position::End(1)), 5);
        assert_eq!(position(10, 4, Position::End(-2)), 8);
    }

    #[test]
    fn what_hangs_over_is_clipped() {
        let base = Size::new(10, 10);
        assert_eq!(
            overlap(base, Size::new(4, 4), -1, 8),
            Some(Overlap {
                part: Rect {
                    left: 1,
                    top: 0,
                    size: Size::new(3, 2)
                },
                left: 0,
                top: 8,
            })
        );
        assert_eq!(
            overlap(base, Size::new(20, 20), -5, -5).map(|o| (o.part.left, o.part.size)),
            Some((5, base)),
            "an overlay may be larger than its base"
        );
    }

    #[test]
    fn an_overlay_outside_is_not_there() {
        let base = Size::new(10, 10);
        for (x, y) in [
            (10, 0),
            (0, 10),
            (-4, 0),
            (0, -4),
            (i64::MIN, 0),
            (i64::MAX, 0),
        ] {
            assert_eq!(overlap(base, Size::new(4, 4), x, y), None, "at {x}, {y}");
        }
    }
}
