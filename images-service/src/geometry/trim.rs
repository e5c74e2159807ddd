//! Computes the box that is left after cuts by number.

use super::round;
use crate::options::{Cuts, Length, Rect, Size};

/// Returns the box that is left; `None` if it has no pixels.
#[must_use]
pub fn trimmed(size: Size, cuts: Cuts) -> Option<Rect> {
    let (left, width) = kept(size.width, [cuts.left, cuts.right, cuts.width])?;
    let (top, height) = kept(size.height, [cuts.top, cuts.bottom, cuts.height])?;
    Some(Rect {
        left,
        top,
        size: Size::new(width, height),
    })
}

/// Returns the start and the length of the kept part of one axis.
fn kept(side: u32, [near, far, length]: [Option<Length>; 3]) -> Option<(u32, u32)> {
    let end = i64::from(side);
    let pixels = |length: Length| match length {
        Length::Pixels(pixels) => i64::from(pixels),
        Length::Fraction(fraction) => round(fraction * f64::from(side)),
    };
    let (near, far) = (near.map(pixels), far.map(pixels));
    let (from, to) = match (length.map(pixels), near, far) {
        (None, near, far) => (near.unwrap_or(0), end - far.unwrap_or(0)),
        (Some(length), Some(near), _) => (near, near + length),
        (Some(length), None, Some(far)) => (end - far - length, end - far),
        (Some(length), None, None) => (0, length),
    };
    let (from, to) = (from.max(0), to.min(end));
    let length = u32::try_from(to - from).ok().filter(|length| *length > 0)?;
    Some((u32::try_from(from).ok()?, length))
}

#[cfg(test)]
mod tests {
    use super::trimmed;
    use crate::options::{Cuts, Length, Rect, Size};

    const SIZE: Size = Size::new(100, 50);

    fn pixels(number: u32) -> Option<Length> {
        Some(Length::Pixels(number))
    }

    fn rect(left: u32, top: u32, width: u32, height: u32) -> Option<Rect> {
        Some(Rect {
            left,
            top,
            size: Size::new(width, height),
        })
    }

    #[test]
    fn each_side_is_cut_by_itself() {
        let cuts = Cuts {
            top: pixels(1),
            right: pixels(2),
            bottom: pixels(3),
            left: pixels(4),
            ..Cuts::default()
        };
        assert_eq!(trimmed(SIZE, cuts), rect(4, 1, 94, 46));
        assert_eq!(trimmed(SIZE, Cuts::default()), rect(0, 0, 100, 50));
    }

    #[test]
    fn a_fraction_is_one_of_its_own_axis_and_rounded() {
        let half = Some(Length::Fraction(0.25));
        let cuts = Cuts {
            top: half,
            left: half,
            ..Cuts::default()
        };
        assert_eq!(trimmed(SIZE, cuts), rect(25, 13, 75, 37));
    }

    #[test]
    fn a_size_hangs_on_the_near_side_else_on_the_far_one_else_on_the_corner() {
        let cuts = |left, right| Cuts {
            left,
            right,
            width: pixels(30),
            ..Cuts::default()
        };
        for (left, right, start) in [
            (None, None, 0),
            (pixels(5), None, 5),
            (None, pixels(5), 65),
            (pixels(5), pixels(90), 5),
        ] {
            assert_eq!(trimmed(SIZE, cuts(left, right)), rect(start, 0, 30, 50));
        }
    }

    #[test]
    fn what_lies_outside_of_the_picture_is_not_kept() {
        let cuts = |left, right, width| Cuts {
            left,
            right,
            width,
            ..Cuts::default()
        };
        let wide = cuts(pixels(80), None, pixels(u32::MAX));
        assert_eq!(trimmed(SIZE, wide), rect(80, 0, 20, 50));
        let far = cuts(None, pixels(90), pixels(30));
        assert_eq!(trimmed(SIZE, far), rect(0, 0, 10, 50));
        for nothing in [
            cuts(pixels(100), None, None),
            cuts(pixels(60), pixels(60), None),
            cuts(None, None, pixels(0)),
            cuts(None, None, Some(Length::Fraction(0.001))),
            cuts(pixels(u32::MAX), pixels(u32::MAX), pixels(u32::MAX)),
        ] {
            assert_eq!(trimmed(SIZE, nothing), None, "{nothing:?}");
        }
    }
}
