//! Renders text: turns the bytes of a font and some characters into pixels of one colour.
//!
//! | module | does |
//! |---|---|
//! | `font` `sfnt` `woff` | opens the file of a font |
//! | `runs` | splits a line into runs of one direction and one script, in visual order |
//! | `layout` | places the glyphs, and computes the box around them |
//! | `outline` | flattens a glyph to straight lines |
//! | `raster` | rasterises lines to coverage |
//! | `budget` | limits the work |
//!
//! Layout is separate from drawing, so that the size of the picture is known before any pixel is allocated.

mod budget;
mod font;
mod layout;
mod outline;
mod raster;
mod runs;
mod sfnt;
mod woff;

use std::{borrow::Cow, time::Duration};

use safelight_protocol::ErrorCode;
use serde::{Deserialize, Serialize};

pub(crate) use self::budget::TextBudget;
use self::{font::Face, layout::TextLayout};
use crate::{
    error::ServiceError,
    image::{Channels, Image},
    options::{Color, Size, Text},
};

/// The limits of the texts of a request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TextLimits {
    /// The largest width and height of the box around one text, in pixels.
    pub side: u32,
    /// The bytes of a font that came compressed.
    pub inflated_bytes: usize,
    /// The number of glyphs of one text. A font may make many of one character.
    pub glyphs: usize,
    /// The number of lines in the outlines of all texts of a request.
    pub lines: usize,
    /// The time that all texts of a request may take.
    pub time: Duration,
}

impl Default for TextLimits {
    fn default() -> Self {
        Self {
            side: 4096,
            // Large fonts for Chinese or Japanese have about half of it.
            inflated_bytes: 64_000_000,
            glyphs: 16_000,
            lines: 4_000_000,
            time: Duration::from_secs(10),
        }
    }
}

/// A text whose glyphs have been placed.
#[derive(Debug)]
pub(crate) struct Typeset {
    layout: TextLayout,
    color: Color,
}

impl Typeset {
    /// Lays out a text. Allocates no memory for pixels.
    ///
    /// # Errors
    /// When the font cannot be used, the box would be too large, or the font exceeds the budget of work.
    pub(crate) fn new(
        text: &Text,
        limits: &TextLimits,
        budget: &mut TextBudget,
    ) -> Result<Self, ServiceError> {
        let face = Face::open(&text.font, limits)?;
        Ok(Self {
            layout: budget.timed(|budget| TextLayout::new(text, &face, limits, budget))?,
            color: text.color,
        })
    }

    /// Returns the size of the picture.
    pub(crate) const fn size(&self) -> Size {
        self.layout.size
    }

    /// Returns the bytes of memory that drawing takes at its peak, besides the picture itself.
    pub(crate) const fn memory(&self) -> u64 {
        // A glyph may fill the whole box: its coverage takes four bytes a pixel, and that of all glyphs one.
        self.layout.size.area().saturating_mul(5)
    }

    /// Draws the text. Every pixel has its colour, with the coverage of the glyphs as alpha.
    pub(crate) fn pixels(&self, budget: &mut TextBudget) -> Result<Image, ServiceError> {
        let Color { r, g, b, a } = self.color;
        let coverage = budget.timed(|budget| raster::coverage(&self.layout, budget))?;
        let data = coverage
            .into_iter()
            .flat_map(|covered| [r, g, b, raster::scaled(a, covered)])
            .collect();
        Image::new(self.size(), Channels::Rgba, data).ok_or_else(|| {
            let text = format!("the text's pixels are not of {}", self.size());
            ServiceError::new(ErrorCode::Internal, text)
        })
    }
}

/// Returns the error of a text or a font that cannot be used.
fn refused(reason: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, reason)
}

/// Returns the error of a font whose file is broken.
fn broken(why: impl Into<Cow<'static, str>>) -> ServiceError {
    refused(format!("the font cannot be used: {}", why.into()))
}
