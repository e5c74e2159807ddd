//! Lays out a text: the place of each glyph, and the box around all of them.

use std::collections::HashMap;

use harfrust::{Buffer, GlyphId, ShapeOptions, ShaperFont, shape};
use safelight_protocol::ErrorCode;

use super::{
    TextLimits,
    budget::TextBudget,
    font::Face,
    outline::{Outline, Point},
    refused,
    runs::{Run, visual_runs},
};
use crate::{
    error::ServiceError,
    options::{Size, Text, round_half_up},
};

/// The glyphs of a text at their places, in pixels from the top left corner of the box.
#[derive(Debug)]
pub(super) struct TextLayout {
    pub(super) size: Size,
    pub(super) outlines: Vec<Outline>,
    pub(super) glyphs: Vec<PlacedGlyph>,
}

/// A glyph with ink, at its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedGlyph {
    /// The index of its outline.
    pub(super) outline: usize,
    /// The place of its origin.
    pub(super) origin: Point,
}

impl TextLayout {
    /// Lays out the lines of a text, one below the other, each from the left edge. Lines are never broken.
    pub(super) fn new(
        text: &Text,
        face: &Face,
        limits: &TextLimits,
        budget: &mut TextBudget,
    ) -> Result<Self, ServiceError> {
        let content = text.content.replace("\r\n", "\n");
        let scale = face.scale(text.size);
        let line_height = round_half_up(face.line_height() * scale).max(1.0);
        let lines = content.split('\n').count();
        let height = bounded(line_height * count(lines), limits)?;

        let mut setter = Setter::new(face, scale, limits, budget);
        let first_baseline = round_half_up(face.ascent() * scale);
        for (index, line) in content.split('\n').enumerate() {
            setter.set_line(line, first_baseline + line_height * count(index))?;
        }
        setter.into_layout(height)
    }
}

/// Lays out line after line in one font.
struct Setter<'a> {
    face: &'a Face,
    shaper: ShaperFont<'a, 'a>,
    scale: f64,
    limits: &'a TextLimits,
    budget: &'a mut TextBudget,
    /// The index of each glyph's outline; `None` for a glyph without ink.
    known: HashMap<u32, Option<usize>>,
    outlines: Vec<Outline>,
    /// The glyphs, each with the distances of its origin from the left end of the line and from the top of the box.
    glyphs: Vec<(usize, f64, f64)>,
    shaped: usize,
    /// The leftmost and the rightmost end of ink or of a line.
    left: f64,
    right: f64,
}

impl<'a> Setter<'a> {
    fn new(face: &'a Face, scale: f64, limits: &'a TextLimits, budget: &'a mut TextBudget) -> Self {
        Self {
            face,
            shaper: ShaperFont::new(face.font()),
            scale,
            limits,
            budget,
            known: HashMap::new(),
            outlines: Vec::new(),
            glyphs: Vec::new(),
            shaped: 0,
            left: 0.0,
            right: 0.0,
        }
    }

    fn set_line(&mut self, line: &str, baseline: f64) -> Result<(), ServiceError> {
        let mut buffer = Buffer::new();
        let mut pen = 0.0;
        for run in visual_runs(line) {
            self.budget.check_time()?;
            self.shape(&mut buffer, line, &run)?;
            for (info, position) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
                let x = pen + f64::from(position.x_offset) * self.scale;
                let y = baseline - f64::from(position.y_offset) * self.scale;
                self.place(GlyphId::new(info.glyph_id), x, y)?;
                pen += f64::from(position.x_advance) * self.scale;
            }
        }
        self.right = self.right.max(pen);
        Ok(())
    }

    /// Shapes a run into the buffer.
    fn shape(&mut self, buffer: &mut Buffer, line: &str, run: &Run) -> Result<(), ServiceError> {
        buffer.clear();
        buffer.push_str(line.get(run.range.clone()).unwrap_or_default());
        // The shape of letters that join depends on their neighbours, in this run or not.
        buffer.set_pre_context(line.get(..run.range.start).unwrap_or_default());
        buffer.set_post_context(line.get(run.range.end..).unwrap_or_default());
        buffer.set_direction(run.direction);
        buffer.set_script(run.script);
        // Kerning, ligatures and the other default features of a script are on.
        shape(&self.shaper, buffer, ShapeOptions::new()).map_err(|error| {
            ServiceError::new(
                ErrorCode::Internal,
                format!("a text was not shaped: {error}"),
            )
        })?;
        self.shaped += buffer.len();
        if !buffer.allocation_successful() || self.shaped > self.limits.glyphs {
            return Err(refused("the font makes too many glyphs of the text"));
        }
        Ok(())
    }

    fn place(&mut self, glyph: GlyphId, x: f64, y: f64) -> Result<(), ServiceError> {
        let Some(index) = self.outline(glyph)? else {
            return Ok(());
        };
        let Some(outline) = self.outlines.get(index) else {
            return Ok(());
        };
        self.left = self.left.min(x + f64::from(outline.min.x));
        self.right = self.right.max(x + f64::from(outline.max.x));
        self.glyphs.push((index, x, y));
        Ok(())
    }

    fn outline(&mut self, glyph: GlyphId) -> Result<Option<usize>, ServiceError> {
        if let Some(known) = self.known.get(&glyph.to_u32()) {
            return Ok(*known);
        }
        self.budget.check_time()?;
        let outline = Outline::new(self.face.font(), glyph, self.scale, self.budget)?;
        let index = outline.map(|outline| {
            self.outlines.push(outline);
            self.outlines.len() - 1
        });
        self.known.insert(glyph.to_u32(), index);
        Ok(index)
    }

    fn into_layout(self, height: u32) -> Result<TextLayout, ServiceError> {
        // The box has whole pixels, so that glyphs keep their places between pixels. A thousandth of a pixel is no ink.
        let left = (self.left + INVISIBLE).floor();
        let right = (self.right - INVISIBLE).ceil();
        let width = bounded((right - left).max(1.0), self.limits)?;
        let glyphs = self.glyphs.into_iter().map(|(outline, x, y)| PlacedGlyph {
            outline,
            origin: point(x - left, y),
        });
        Ok(TextLayout {
            size: Size::new(width, height),
            glyphs: glyphs.collect(),
            outlines: self.outlines,
        })
    }
}

/// The part of a pixel that is too small to change its colour.
const INVISIBLE: f64 = 0.001;

/// Converts a number of lines. There are never more lines than characters.
fn count(lines: usize) -> f64 {
    f64::from(u32::try_from(lines).unwrap_or(u32::MAX))
}

/// Returns a side of the box in pixels, if it is within the limit.
fn bounded(side: f64, limits: &TextLimits) -> Result<u32, ServiceError> {
    // NaN must fail the condition.
    if side >= 1.0 && side <= f64::from(limits.side) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to the limit, which is a u32"
        )]
        return Ok(side as u32);
    }
    let max = limits.side;
    Err(refused(format!(
        "the text is too large: it would be {side} pixels wide or high, and the maximum is {max}x{max}"
    )))
}

fn point(x: f64, y: f64) -> Point {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "places in a box of some thousand pixels; further outside nothing is drawn"
    )]
    let (x, y) = (x as f32, y as f32);
    Point { x, y }
}
