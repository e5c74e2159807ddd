//! The horizontal half of a blur: running sums along one row, and the division at the end.

use super::Boxes;

/// The sums of all channels of one pixel. There are always four, so that they are added at once.
type Sums = [f64; 4];

/// The horizontal pass over rows of one width.
pub(super) struct Rows<const PIXEL: usize> {
    boxes: Boxes,
    width: usize,
    /// The reciprocal of the sum of all weights in both directions.
    share: f64,
    /// The row, with its ends repeated as far as the first box reaches.
    padded: Vec<Sums>,
    /// The first box's sums, with their ends repeated as far as the second box reaches.
    boxed: Vec<Sums>,
}

impl<const PIXEL: usize> Rows<PIXEL> {
    pub(super) fn new(width: usize, boxes: Boxes) -> Self {
        Self {
            boxes,
            width,
            share: 1.0 / (boxes.weight() * boxes.weight()) as f64,
            padded: vec![[0.0; 4]; width + 2 * boxes.first + 1],
            boxed: vec![[0.0; 4]; width + 2 * boxes.second + 1],
        }
    }

    /// Blurs a row, given its vertical sums, and writes its pixels.
    pub(super) fn blur(&mut self, columns: &[u32], row: &mut [u8]) {
        let Boxes { first, second } = self.boxes;
        let columns = columns.as_chunks::<PIXEL>().0;
        for (sums, pixel) in self.padded[first..].iter_mut().zip(columns) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum = f64::from(*value);
            }
        }
        repeat_ends(&mut self.padded, first, self.width);
        let boxed = &mut self.boxed[second..second + self.width];
        slide(&self.padded, first, boxed, |sums, boxed| *boxed = sums);
        repeat_ends(&mut self.boxed, second, self.width);
        let share = self.share;
        // The sum of the weights is odd, so no sum lies half-way between two values.
        slide(
            &self.boxed,
            second,
            row.as_chunks_mut::<PIXEL>().0,
            |sums, pixel| {
                for (value, sum) in pixel.iter_mut().zip(sums) {
                    *value = to_byte(sum * share + 0.5);
                }
            },
        );
    }
}

/// Gives each target the sum over a box of 2 · `half` + 1 sources, which begins at the index of the target.
fn slide<T>(source: &[Sums], half: usize, target: &mut [T], mut give: impl FnMut(Sums, &mut T)) {
    let width = 2 * half + 1;
    let mut sums = [0.0; 4];
    for value in source.iter().take(width) {
        sums = add(sums, *value);
    }
    let ends = source.iter().zip(source.iter().skip(width));
    for (target, (removed, added)) in target.iter_mut().zip(ends) {
        give(sums, target);
        for ((sum, removed), added) in sums.iter_mut().zip(removed).zip(added) {
            *sum += added - removed;
        }
    }
}

fn add(mut one: Sums, other: Sums) -> Sums {
    for (sum, value) in one.iter_mut().zip(other) {
        *sum += value;
    }
    one
}

/// Repeats the first and the last of `width` values before and after them, once more than a box needs.
fn repeat_ends(values: &mut [Sums], before: usize, width: usize) {
    if width == 0 {
        return;
    }
    let (first, last) = (values[before], values[before + width - 1]);
    values[..before].fill(first);
    values[before + width..].fill(last);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of bytes, and a half"
)]
fn to_byte(value: f64) -> u8 {
    value as u8
}
