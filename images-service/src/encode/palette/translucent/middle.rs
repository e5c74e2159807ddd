//! The middle of colours, which are added one by one.

use super::Seen;

#[derive(Clone, Copy, Default)]
pub(super) struct Middle {
    sum: Seen,
    count: f32,
}

impl Middle {
    pub(super) fn of(colors: &[Seen]) -> Self {
        let mut middle = Self::default();
        colors.iter().for_each(|color| middle.add(*color));
        middle
    }

    pub(super) fn add(&mut self, color: Seen) {
        for (sum, value) in self.sum.iter_mut().zip(color) {
            *sum += value;
        }
        self.count += 1.0;
    }

    /// None where there are no colours.
    pub(super) fn get(self) -> Option<Seen> {
        (self.count > 0.0).then(|| self.sum.map(|sum| sum / self.count))
    }
}
