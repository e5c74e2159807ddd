//! The vertical half of a blur: running sums of whole rows.

use super::Boxes;

/// The sums over both boxes around one row after the other.
pub(super) struct Columns<'a> {
    boxes: Boxes,
    last: usize,
    row: usize,
    /// The first box around the last row of the second one.
    front: Window<'a>,
    /// The first box around the first row of the second one.
    back: Window<'a>,
    sums: Vec<u32>,
}

impl<'a> Columns<'a> {
    /// Begins at a row of the picture.
    pub(super) fn new(data: &'a [u8], stride: usize, boxes: Boxes, row: usize) -> Self {
        let last = (data.len() / stride).saturating_sub(1);
        let back = Window::new(data, stride, boxes.first, row.saturating_sub(boxes.second));
        let mut front = back.clone();
        let mut sums = vec![0; stride];
        for number in 0..=2 * boxes.second {
            // The rows from row − second to row + second. The first and the last row are repeated beyond the edges.
            let target = (row + number).saturating_sub(boxes.second).min(last);
            if target > front.row {
                front.advance();
            }
            for (sum, value) in sums.iter_mut().zip(&front.sums) {
                *sum += u32::from(*value);
            }
        }
        Self {
            boxes,
            last,
            row,
            front,
            back,
            sums,
        }
    }

    /// Moves to the next row.
    pub(super) fn advance(&mut self) {
        self.row += 1;
        if self.row + self.boxes.second <= self.last {
            self.front.advance();
        }
        let ends = self.front.sums.iter().zip(&self.back.sums);
        for (sum, (added, removed)) in self.sums.iter_mut().zip(ends) {
            *sum = *sum + u32::from(*added) - u32::from(*removed);
        }
        if self.row > self.boxes.second {
            self.back.advance();
        }
    }

    /// Returns the sums around the row, at most 255 · 251².
    pub(super) fn sums(&self) -> &[u32] {
        &self.sums
    }
}

/// The sums of one box around a row, at most 255 · 251.
#[derive(Clone)]
struct Window<'a> {
    data: &'a [u8],
    stride: usize,
    half: usize,
    row: usize,
    last: usize,
    sums: Vec<u16>,
}

impl<'a> Window<'a> {
    fn new(data: &'a [u8], stride: usize, half: usize, row: usize) -> Self {
        let last = (data.len() / stride).saturating_sub(1);
        let mut window = Self {
            data,
            stride,
            half,
            row: row.min(last),
            last,
            sums: vec![0; stride],
        };
        for number in 0..=2 * half {
            let row = window.line((window.row + number).saturating_sub(half));
            for (sum, value) in window.sums.iter_mut().zip(row) {
                *sum += u16::from(*value);
            }
        }
        window
    }

    /// Moves to the next row.
    fn advance(&mut self) {
        let added = self.line(self.row + 1 + self.half);
        let removed = self.line(self.row.saturating_sub(self.half));
        for (sum, (added, removed)) in self.sums.iter_mut().zip(added.iter().zip(removed)) {
            *sum = *sum + u16::from(*added) - u16::from(*removed);
        }
        self.row += 1;
    }

    fn line(&self, row: usize) -> &'a [u8] {
        let start = row.min(self.last) * self.stride;
        self.data
            .get(start..start + self.stride)
            .unwrap_or_default()
    }
}
