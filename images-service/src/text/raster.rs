//! Rasterises lines to exact coverage, from 0 to 255 for each pixel, by accumulation of signed areas.

use super::{
    budget::TextBudget,
    layout::TextLayout,
    outline::{Line, Outline, Point},
};
use crate::{error::ServiceError, options::Size};

/// Returns the coverage of every pixel of a text's box, row by row.
pub(super) fn coverage(
    layout: &TextLayout,
    budget: &mut TextBudget,
) -> Result<Vec<u8>, ServiceError> {
    let mut all = vec![0; layout.size.pixels()];
    let mut patch = Patch::default();
    for glyph in &layout.glyphs {
        let Some(outline) = layout.outlines.get(glyph.outline) else {
            continue;
        };
        if patch.move_around(outline, glyph.origin, layout.size) {
            patch.draw(outline, glyph.origin, budget)?;
            patch.add_to(&mut all, layout.size);
        }
    }
    Ok(all)
}

/// Returns `value · covered / 255`, rounded.
pub(super) fn scaled(value: u8, covered: u8) -> u8 {
    let product = u16::from(value) * u16::from(covered);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

/// The part of the box that a glyph may cover, with the change of coverage that each line makes from a pixel on to the
/// right.
///
/// A line that goes down covers everything to its right, and a line that goes up uncovers it. The sums along a row are
/// therefore the coverage, once every line has been written into the pixels that it crosses.
#[derive(Default)]
struct Patch {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    added: Vec<f32>,
}

impl Patch {
    /// Clears the patch and moves it around a glyph. Returns whether any of it is in the box.
    fn move_around(&mut self, outline: &Outline, origin: Point, size: Size) -> bool {
        let (left, right) = span(outline.min.x, outline.max.x, origin.x, size.width);
        let (top, bottom) = span(outline.min.y, outline.max.y, origin.y, size.height);
        self.left = left;
        self.top = top;
        self.width = right.saturating_sub(left);
        self.height = bottom.saturating_sub(top);
        self.added.clear();
        self.added.resize(self.stride() * self.height, 0.0);
        self.width > 0 && self.height > 0
    }

    /// A line along the right edge writes into two pixels beyond it.
    const fn stride(&self) -> usize {
        self.width + 2
    }

    fn draw(
        &mut self,
        outline: &Outline,
        origin: Point,
        budget: &mut TextBudget,
    ) -> Result<(), ServiceError> {
        budget.count_pixels(self.added.len() as u64)?;
        let (dx, dy) = (
            f64::from(origin.x) - float(self.left),
            f64::from(origin.y) - float(self.top),
        );
        for Line { from, to } in &outline.lines {
            let from = (f64::from(from.x) + dx, f64::from(from.y) + dy);
            let to = (f64::from(to.x) + dx, f64::from(to.y) + dy);
            let crossed = match from.1 < to.1 {
                true => self.line(from, to, 1.0),
                false => self.line(to, from, -1.0),
            };
            budget.count_pixels(crossed)?;
        }
        Ok(())
    }

    /// Adds a line that goes down, or with `sign` -1 one that goes up. Returns the number of pixels that it crosses.
    fn line(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), sign: f64) -> u64 {
        let first = y0.max(0.0);
        let last = y1.min(float(self.height));
        if first >= last {
            return 1;
        }
        let slope = (x1 - x0) / (y1 - y0);
        let at = |y: f64| x0 + (y - y0) * slope;
        let mut crossed = 1;
        for row in whole(first)..whole(last.ceil()) {
            let from = first.max(float(row));
            let to = last.min(float(row + 1));
            crossed += self.line_in_row(row, (at(from), at(to)), (to - from) * sign);
        }
        crossed
    }

    /// Adds the part of a line in one row, which has the height `cover`. Returns the number of pixels that it crosses.
    fn line_in_row(&mut self, row: usize, (a, b): (f64, f64), cover: f64) -> u64 {
        let edge = float(self.width);
        let left = a.min(b).clamp(0.0, edge);
        let right = a.max(b).clamp(0.0, edge);
        let (first, last) = (whole(left), whole(right));
        let start = row * self.stride();
        let mut written = 0.0;
        for column in first..=last {
            let end = float(column + 1);
            // The area to the right of the line within the pixel.
            let within = match right - left < 1e-9 {
                true => (end - left).min(1.0),
                false => (area(end - left) - area(end - right)) / (right - left),
            };
            self.add(start + column, within * cover - written);
            written = within * cover;
        }
        self.add(start + last + 1, cover - written);
        (last - first) as u64 + 1
    }

    fn add(&mut self, at: usize, value: f64) {
        if let Some(pixel) = self.added.get_mut(at) {
            #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1")]
            let value = value as f32;
            *pixel += value;
        }
    }

    /// Adds the glyph to the coverage so far. Glyphs that touch have no seam.
    fn add_to(&self, all: &mut [u8], size: Size) {
        let box_width = size.width as usize;
        let rows = all.chunks_exact_mut(box_width.max(1)).skip(self.top);
        for (row, added) in rows.zip(self.added.chunks_exact(self.stride())) {
            let pixels = row.iter_mut().skip(self.left).take(self.width);
            let mut sum = 0.0;
            for (pixel, added) in pixels.zip(added) {
                sum += added;
                // Contours of one glyph may overlap.
                let covered = byte(sum.abs().min(1.0));
                *pixel = pixel.saturating_add(covered);
            }
        }
    }
}

/// Returns the part of one axis that a glyph touches.
fn span(min: f32, max: f32, origin: f32, side: u32) -> (usize, usize) {
    let side = f64::from(side);
    let min = (f64::from(min) + f64::from(origin)).floor();
    let max = (f64::from(max) + f64::from(origin)).ceil();
    (whole(min.clamp(0.0, side)), whole(max.clamp(0.0, side)))
}

/// Returns the area to the left of `x` under a line that rises from 0 at 0 to 1 at 1, and is level after that.
fn area(x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x <= 1.0 {
        x * x / 2.0
    } else {
        x - 0.5
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cut off on purpose; never less than 0 or more than a side of the box"
)]
const fn whole(number: f64) -> usize {
    number as usize
}

#[expect(
    clippy::cast_precision_loss,
    reason = "never more than a side of the box"
)]
const fn float(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 255"
)]
fn byte(part: f32) -> u8 {
    (part * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Line, Outline, Patch, Point};
    use crate::{
        deadline::Deadline,
        options::Size,
        text::{TextBudget, TextLimits},
    };

    fn outline(corners: &[(f32, f32)]) -> Outline {
        let points: Vec<Point> = corners.iter().map(|&(x, y)| Point { x, y }).collect();
        let ends = points.iter().skip(1).chain(points.first());
        let lines = points.iter().zip(ends);
        let all = |pick: fn(f32, f32) -> f32| {
            points
                .iter()
                .copied()
                .reduce(|a, b| Point {
                    x: pick(a.x, b.x),
                    y: pick(a.y, b.y),
                })
                .unwrap()
        };
        Outline {
            lines: lines
                .map(|(from, to)| Line {
                    from: *from,
                    to: *to,
                })
                .collect(),
            min: all(f32::min),
            max: all(f32::max),
        }
    }

    fn drawn(corners: &[(f32, f32)], width: u32, height: u32) -> Vec<u8> {
        let size = Size::new(width, height);
        let mut all = vec![0; size.pixels()];
        let mut patch = Patch::default();
        let mut budget = TextBudget::new(&TextLimits::default(), &Deadline::new(Duration::MAX));
        let outline = outline(corners);
        if patch.move_around(&outline, Point::default(), size) {
            patch.draw(&outline, Point::default(), &mut budget).unwrap();
            patch.add_to(&mut all, size);
        }
        all
    }

    #[test]
    fn a_pixel_is_covered_by_as_much_as_lies_in_it() {
        let square = [(0.5, 1.0), (2.0, 1.0), (2.0, 2.25), (0.5, 2.25)];
        let expected = [0, 0, 0, 128, 255, 0, 32, 64, 0];
        assert_eq!(drawn(&square, 3, 3), expected);
        let backwards: Vec<_> = square.into_iter().rev().collect();
        assert_eq!(drawn(&backwards, 3, 3), expected, "in either direction");
    }

    #[test]
    fn a_slope_covers_parts_of_pixels() {
        let triangle = [(0.0, 0.0), (4.0, 0.0), (0.0, 2.0)];
        assert_eq!(drawn(&triangle, 4, 2), [255, 255, 191, 64, 191, 64, 0, 0]);
    }

    #[test]
    fn what_lies_outside_of_the_box_is_cut_off_and_changes_nothing_inside() {
        let square = [(-5.0, -5.0), (1.5, -5.0), (1.5, 1.0), (-5.0, 1.0)];
        assert_eq!(drawn(&square, 2, 2), [255, 128, 0, 0]);
        let far = [(1e9, 0.0), (2e9, 0.0), (2e9, 1e30), (1e9, 1e30)];
        assert_eq!(drawn(&far, 2, 2), [0; 4]);
        let around = [(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)];
        assert_eq!(drawn(&around, 2, 2), [255; 4]);
    }

    #[test]
    fn contours_over_each_other_cover_no_more_than_once() {
        let twice: Vec<_> = [(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)].repeat(2);
        assert_eq!(drawn(&twice, 2, 1), [255, 255]);
    }
}
