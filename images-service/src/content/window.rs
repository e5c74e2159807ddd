//! A box that slides over a thumbnail.

use super::rounded;
use crate::options::Size;

/// A box, and the range of its places.
pub(super) struct Window {
    /// The size of the box in pixels of the thumbnail, at least 1.
    pub(super) size: Size,
    /// The largest offset from the left and from the top.
    pub(super) last: (u32, u32),
}

impl Window {
    /// Creates the box on a thumbnail that corresponds to one of size `kept` on a picture of size `scaled`.
    pub(super) fn new(thumbnail: Size, scaled: Size, kept: Size) -> Self {
        let side = |thumbnail: u32, scaled: u32, kept: u32| {
            rounded(kept, thumbnail, scaled).clamp(1, thumbnail.max(1))
        };
        let size = Size::new(
            side(thumbnail.width, scaled.width, kept.width),
            side(thumbnail.height, scaled.height, kept.height),
        );
        Self {
            size,
            last: (
                thumbnail.width.saturating_sub(size.width),
                thumbnail.height.saturating_sub(size.height),
            ),
        }
    }

    /// Iterates over all places, row by row.
    pub(super) fn places(&self) -> impl Iterator<Item = (u32, u32)> {
        let (last_x, last_y) = self.last;
        (0..=last_y).flat_map(move |y| (0..=last_x).map(move |x| (x, y)))
    }

    /// Returns the place with the highest score. Of several, the one nearest to the middle wins.
    pub(super) fn best(&self, scores: &[u64]) -> (u32, u32) {
        // Doubled, so that the middle is a whole number.
        let off = |at: u32, last: u32| (2 * u64::from(at)).abs_diff(u64::from(last)).pow(2);
        let off_middle = |(x, y): (u32, u32)| off(x, self.last.0) + off(y, self.last.1);
        self.places()
            .zip(scores)
            .min_by_key(|(place, score)| (u64::MAX - **score, off_middle(*place)))
            .map_or((0, 0), |(place, _)| place)
    }
}
