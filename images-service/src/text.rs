//! Renders text: from the bytes of a font and some characters to pixels of one colour.
//!
//! | module | does |
//! |---|---|
//! | `font` `sfnt` `woff` | from the bytes of a file to a font that can be used |
//! | `runs` | a line in pieces of one direction and one script, in the order in which they are seen |
//! | `layout` | which glyph stands where, and how large the box around them is |
//! | `outline` | a glyph as straight lines |
//! | `raster` | lines to coverage |
//! | `budget` | what all of this may cost |
//!
//! Setting is separate from drawing, so that the size of the picture is known before there is a pixel of it.

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

pub(crate) use self::budget::TextBudget;
use self::{font::Face, layout::TextLayout};
use crate::{
    error::ServiceError,
    image::{Channels, Image},
    options::{Color, Size, Text},
};

/// What the texts of a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct TextLimits {
    /// Width and height of the box around one text, in pixels.
    pub side: u32,
    /// Bytes of a font that came compressed.
    pub inflated_bytes: usize,
    /// Glyphs of one text: fonts may make many of one character.
    pub glyphs: usize,
    /// Lines that the outlines of all texts of a request consist of.
    pub lines: usize,
    /// Time that all texts of a request may take.
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

/// A text of which every glyph has its place.
#[derive(Debug)]
pub(crate) struct Typeset {
    layout: TextLayout,
    color: Color,
}

impl Typeset {
    /// Sets a text; no memory for pixels is taken.
    ///
    /// # Errors
    /// When the font cannot be used, the box would be too large, or the font asks for too much work.
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

    /// Size of the picture.
    pub(crate) const fn size(&self) -> Size {
        self.layout.size
    }

    /// Bytes of memory that drawing takes at its peak, besides the picture itself.
    pub(crate) const fn memory(&self) -> u64 {
        // A glyph may fill the whole box: its coverage in four bytes, and that of all glyphs in one.
        self.layout.size.area().saturating_mul(5)
    }

    /// Draws the text: everywhere its colour, with the coverage of its glyphs as alpha.
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

/// The error of a text or a font that cannot be used.
fn refused(fault: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, fault)
}

/// The error of a font whose file is not in order.
fn broken(why: impl Into<Cow<'static, str>>) -> ServiceError {
    refused(format!("the font cannot be used: {}", why.into()))
}
