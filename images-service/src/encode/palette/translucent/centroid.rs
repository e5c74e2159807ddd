//! The centroid of colours that are added one by one.

use super::Premultiplied;

#[derive(Clone, Copy, Default)]
pub(super) struct Centroid {
    sum: Premultiplied,
    count: f32,
}

impl Centroid {
    pub(super) fn new(colors: &[Premultiplied]) -> Self {
        let mut centroid = Self::default();
        colors.iter().for_each(|color| centroid.add(*color));
        centroid
    }

    pub(super) fn add(&mut self, color: Premultiplied) {
        for (sum, value) in self.sum.iter_mut().zip(color) {
            *sum += value;
        }
        self.count += 1.0;
    }

    /// Returns the centroid; `None` if there are no colours.
    pub(super) fn get(self) -> Option<Premultiplied> {
        (self.count > 0.0).then(|| self.sum.map(|sum| sum / self.count))
    }
}
