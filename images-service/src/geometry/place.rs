//! The place of an overlay on its base, and the part of it that is visible.

use crate::options::{Position, Rect, Size};

/// Returns the coordinate of an overlay's near edge on one axis. It is negative or too large outside the base.
#[must_use]
pub fn position(base: u32, overlay: u32, position: Position) -> i64 {
    let free = i64::from(base) - i64::from(overlay);
    match position {
        // The division rounds down below zero as well, so that the odd pixel is always on the far side.
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
    /// The column of the base where the part begins.
    pub left: u32,
    /// The row of the base where the part begins.
    pub top: u32,
}

/// Returns the part of an overlay at `x`, `y` that lies on the base; `None` if there is none.
#[must_use]
pub fn overlap(base: Size, overlay: Size, x: i64, y: i64) -> Option<Overlap> {
    let columns = run(base.width, overlay.width, x)?;
    let rows = run(base.height, overlay.height, y)?;
    Some(Overlap {
        part: Rect {
            left: columns.skipped,
            top: rows.skipped,
            size: Size::new(columns.length, rows.length),
        },
        left: columns.start,
        top: rows.start,
    })
}

/// The part of an overlay that lies on its base, on one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The pixel of the base where the part begins.
    pub start: u32,
    /// The length in pixels. Tiles of an overlay repeat along it.
    pub length: u32,
    /// The pixels of the first tile that lie before the start.
    pub skipped: u32,
}

/// Returns the part of an overlay at `at` that lies on its base; `None` if there is none.
#[must_use]
pub fn run(base: u32, overlay: u32, at: i64) -> Option<Run> {
    let start = at.max(0);
    let end = i64::from(base).min(at.saturating_add(i64::from(overlay)));
    let length = u32::try_from(end.checked_sub(start)?).ok()?;
    let skipped = u32::try_from(start.checked_sub(at)?).ok()?;
    (length > 0).then_some(Run {
        start: u32::try_from(start).ok()?,
        length,
        skipped,
    })
}

impl Run {
    /// Returns the whole base in tiles of the overlay, one of which begins at `at`; `None` if the overlay has no
    /// length.
    #[must_use]
    pub fn tiled(base: u32, overlay: u32, at: i64) -> Option<Self> {
        let skipped = at.checked_neg()?.checked_rem_euclid(i64::from(overlay))?;
        Some(Self {
            start: 0,
            length: base,
            skipped: u32::try_from(skipped).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, position, run};
    use crate::options::Position;

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

    fn found(run: Option<Run>) -> Option<[u32; 3]> {
        run.map(|run| [run.start, run.length, run.skipped])
    }

    #[test]
    fn what_hangs_over_is_clipped() {
        assert_eq!(found(run(10, 4, -1)), Some([0, 3, 1]));
        assert_eq!(found(run(10, 4, 8)), Some([8, 2, 0]));
        assert_eq!(
            found(run(10, 20, -5)),
            Some([0, 10, 5]),
            "an overlay may be larger than its base"
        );
    }

    #[test]
    fn an_overlay_outside_is_not_there() {
        for at in [10, -4, i64::MIN, i64::MAX] {
            assert_eq!(run(10, 4, at), None, "at {at}");
        }
    }

    #[test]
    fn tiles_cover_the_base_and_one_of_them_stands_at_the_anchor() {
        assert_eq!(found(Run::tiled(10, 4, 0)), Some([0, 10, 0]));
        assert_eq!(found(Run::tiled(10, 4, 1)), Some([0, 10, 3]));
        assert_eq!(found(Run::tiled(10, 4, -1)), Some([0, 10, 1]));
        assert_eq!(found(Run::tiled(10, 4, 99)), Some([0, 10, 1]));
        assert_eq!(found(Run::tiled(10, 40, 4)), Some([0, 10, 36]));
        assert_eq!(Run::tiled(10, 0, 4), None);
    }
}
