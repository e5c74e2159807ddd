//! Flattens the outline of a glyph to lines in pixels. The origin is on the baseline, and y points down.

use harfrust::{
    GlyphId,
    font::{
        Font,
        glyph::outline::{DrawMemory, DrawOptions, PathSink},
    },
};

use super::{broken, budget::TextBudget};
use crate::error::ServiceError;

/// A line by its two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) from: Point,
    pub(super) to: Point,
}

/// A point in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// The closed contours of a glyph.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) lines: Vec<Line>,
    /// The corners of the box around the lines.
    pub(super) min: Point,
    pub(super) max: Point,
}

impl Outline {
    /// Returns the outline of a glyph; `None` if it has no ink.
    pub(super) fn new(
        font: &Font,
        glyph: GlyphId,
        scale: f64,
        budget: &mut TextBudget,
    ) -> Result<Option<Self>, ServiceError> {
        let Some(outline) = font.outline_glyphs().get(glyph) else {
            return Ok(None);
        };
        let mut sink = Flattener::new(scale, budget.lines_left());
        outline
            .draw(&DrawOptions::new(), DrawMemory::Scratch, &mut sink)
            .map_err(|error| {
                broken(format!(
                    "the outline of its glyph {} is {error}",
                    glyph.to_u32()
                ))
            })?;
        sink.close();
        // One line more than the limit stands for all lines that were left out.
        budget.count_lines(sink.lines.len())?;
        let Flattener { lines, .. } = sink;
        let ends = || lines.iter().flat_map(|line| [line.from, line.to]);
        if ends().any(|end| !end.x.is_finite() || !end.y.is_finite()) {
            return Err(super::refused("the text is too large to be drawn"));
        }
        let corner = |pick: fn(f32, f32) -> f32| {
            ends().reduce(|a, b| Point {
                x: pick(a.x, b.x),
                y: pick(a.y, b.y),
            })
        };
        Ok(match (corner(f32::min), corner(f32::max)) {
            (Some(min), Some(max)) => Some(Self { lines, min, max }),
            (None, _) | (_, None) => None,
        })
    }
}

/// The largest distance between a line and its curve, in pixels. It is invisible in 8 bits of coverage.
const TOLERANCE: f32 = 0.02;
/// The maximum number of lines of one curve. No curve needs as many at the sizes that are drawn.
const MAX_CURVE_LINES: f32 = 256.0;

/// Flattens curves to lines.
struct Flattener {
    scale: f32,
    lines: Vec<Line>,
    /// The maximum number of lines. One more is kept to show that there are too many.
    room: usize,
    start: Point,
    at: Point,
}

impl Flattener {
    fn new(scale: f64, room: usize) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seven digits are enough for pixels; what becomes infinite is refused"
        )]
        let scale = scale as f32;
        Self {
            scale,
            lines: Vec::new(),
            room,
            start: Point::default(),
            at: Point::default(),
        }
    }

    fn pixel(&self, x: f32, y: f32) -> Point {
        Point {
            x: x * self.scale,
            y: -y * self.scale,
        }
    }

    fn line(&mut self, to: Point) {
        if self.lines.len() <= self.room && self.at != to {
            self.lines.push(Line { from: self.at, to });
        }
        self.at = to;
    }

    /// Draws a curve in equal steps of its parameter.
    fn curve(&mut self, bend: f32, to: Point, at: impl Fn(f32) -> Point) {
        let steps = (bend / TOLERANCE).sqrt().ceil().clamp(1.0, MAX_CURVE_LINES);
        let mut step = 1.0;
        while step < steps {
            self.line(at(step / steps));
            step += 1.0;
        }
        self.line(to);
    }
}

impl PathSink for Flattener {
    fn move_to(&mut self, x: f32, y: f32) {
        self.close();
        self.start = self.pixel(x, y);
        self.at = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.line(self.pixel(x, y));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let (p0, p1, p2) = (self.at, self.pixel(cx0, cy0), self.pixel(x, y));
        // n lines deviate from the curve by its second difference / 4n².
        self.curve(second_difference(p0, p1, p2) / 4.0, p2, |t| {
            mix(mix(p0, p1, t), mix(p1, p2, t), t)
        });
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (p0, p3) = (self.at, self.pixel(x, y));
        let (p1, p2) = (self.pixel(cx0, cy0), self.pixel(cx1, cy1));
        let bend = second_difference(p0, p1, p2).max(second_difference(p1, p2, p3));
        // n lines deviate from the curve by its larger second difference · 3/4n² at most.
        self.curve(bend * 0.75, p3, |t| {
            let (a, b, c) = (mix(p0, p1, t), mix(p1, p2, t), mix(p2, p3, t));
            mix(mix(a, b, t), mix(b, c, t), t)
        });
    }

    fn close(&mut self) {
        self.line(self.start);
    }
}

fn second_difference(a: Point, b: Point, c: Point) -> f32 {
    (a.x - 2.0 * b.x + c.x).hypot(a.y - 2.0 * b.y + c.y)
}

fn mix(a: Point, b: Point, t: f32) -> Point {
    Point {
        x: a.x + (b.x - a.x) * t,
        y: a.y + (b.y - a.y) * t,
    }
}
