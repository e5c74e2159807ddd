//! Scale-on-load: the reduction of a picture in its decoder, if it will be reduced anyway.

use crate::options::Size;

/// A reduction to a number of eighths of the stored size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrink(u32);

impl Shrink {
    /// No reduction.
    pub const NONE: Self = Self(8);

    /// Creates a reduction to 1 to 8 eighths.
    #[must_use]
    pub fn new(eighths: u32) -> Option<Self> {
        (1..=8).contains(&eighths).then_some(Self(eighths))
    }

    /// Returns the strongest reduction that leaves the resize to `target` its quality.
    ///
    /// A reduction to at least 1.5 times the target differs by some 51 dB from an exact resize; one to the target
    /// itself would differ by 46 dB.
    #[must_use]
    pub fn towards(stored: Size, target: Size) -> Self {
        (1..8)
            .map(Self)
            .find(|shrink| {
                shrink.is_enough_for(stored.width, target.width)
                    && shrink.is_enough_for(stored.height, target.height)
            })
            .unwrap_or(Self::NONE)
    }

    /// Returns the size of the reduced picture.
    #[must_use]
    pub const fn reduced(self, stored: Size) -> Size {
        Size::new(self.side(stored.width), self.side(stored.height))
    }

    /// Returns the number of eighths, 1 to 8.
    #[must_use]
    pub const fn eighths(self) -> u32 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most what is stored")]
    const fn side(self, stored: u32) -> u32 {
        (stored as u64 * self.0 as u64).div_ceil(8) as u32
    }

    fn is_enough_for(self, stored: u32, target: u32) -> bool {
        let (stored, target) = (u64::from(stored), u64::from(target));
        let exact = stored * u64::from(self.0);
        // The reduced side must be at least 1.5 times the target.
        let enough = 2 * exact >= 3 * 8 * target;
        // The side is rounded up to whole pixels. This must move the far edge by less than a quarter of a pixel of the
        // target.
        let excess = exact.div_ceil(8) * 8 - exact;
        enough && 4 * excess * target < exact
    }
}

#[cfg(test)]
mod tests {
    use super::Shrink;
    use crate::options::Size;

    fn eighths(stored: (u32, u32), target: (u32, u32)) -> u32 {
        let [stored, target] = [stored, target].map(|(width, height)| Size::new(width, height));
        Shrink::towards(stored, target).eighths()
    }

    #[test]
    fn one_and_a_half_times_the_target_is_left() {
        assert_eq!(eighths((4000, 3000), (800, 600)), 3);
        assert_eq!(eighths((4000, 3000), (1000, 750)), 3);
        assert_eq!(eighths((4000, 3000), (1001, 750)), 4);
        assert_eq!(eighths((4000, 3000), (100, 75)), 1);
        assert_eq!(eighths((800, 800), (500, 500)), 8);
    }

    #[test]
    fn the_narrower_reduction_decides() {
        assert_eq!(eighths((4000, 3000), (80, 1500)), 6);
        assert_eq!(eighths((4000, 3000), (80, 3000)), 8);
    }

    #[test]
    fn a_side_that_does_not_divide_is_not_moved_visibly() {
        // 4001 · 3/8 is 1500.375, and 0.625 of 1501 pixels are a third of one of 800.
        assert_eq!(eighths((4001, 3000), (800, 600)), 4);
        let shrunk = Shrink::towards(Size::new(4001, 3000), Size::new(800, 600));
        assert_eq!(shrunk.reduced(Size::new(4001, 3000)), Size::new(2001, 1500));
    }
}
