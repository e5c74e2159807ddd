//! Opens a font file: TTF, OTF, WOFF or WOFF2.

use std::sync::Arc;

use bytes::Bytes;
use harfrust::font::{Blob, Font};

use super::{TextLimits, broken, refused, sfnt, woff};
use crate::error::ServiceError;

/// A font at its default instance, with outlines and the metrics of a line.
pub(super) struct Face {
    font: Font,
    /// The units per em. All sizes of a font are in these units.
    units_per_em: f64,
    ascent: f64,
    /// The descent, which is negative below the baseline.
    descent: f64,
    line_gap: f64,
}

impl Face {
    /// Opens a TTF, OTF, WOFF or WOFF2 file.
    pub(super) fn open(file: &Bytes, limits: &TextLimits) -> Result<Self, ServiceError> {
        let tables = unwrapped(file, limits)?;
        sfnt::check_tables(&tables)?;
        let blob = Blob::Shared(Arc::new(tables));
        let font = Font::new(blob, 0).ok_or_else(|| broken("it has no list of tables"))?;
        let metrics = *font.metrics();
        if font.outline_glyphs().is_empty() || metrics.num_glyphs == 0 {
            return Err(broken("it has no outlines of glyphs"));
        }
        if metrics.raw_units_per_em != metrics.units_per_em {
            return Err(broken("it has no usable number of units per em"));
        }
        let line = metrics
            .h_line()
            .ok_or_else(|| broken("it says nothing of the height of a line"))?;
        Ok(Self {
            font,
            units_per_em: metrics.units_per_em.into(),
            ascent: line.ascender.to_f64(),
            descent: line.descender.to_f64(),
            line_gap: line.line_gap.to_f64(),
        })
    }

    /// Returns the tables, for shaping and for outlines.
    pub(super) const fn font(&self) -> &Font {
        &self.font
    }

    /// Returns the pixels of one unit if the em has `size` pixels.
    pub(super) fn scale(&self, size: f32) -> f64 {
        f64::from(size) / self.units_per_em
    }

    /// Returns the units from the baseline to the top of the line.
    pub(super) const fn ascent(&self) -> f64 {
        self.ascent
    }

    /// Returns the units from one baseline to the next.
    pub(super) fn line_height(&self) -> f64 {
        self.ascent - self.descent + self.line_gap
    }
}

/// Returns the tables as TTF and OTF have them.
fn unwrapped(file: &Bytes, limits: &TextLimits) -> Result<Bytes, ServiceError> {
    match file.first_chunk() {
        Some(b"\0\x01\0\0" | b"true" | b"OTTO") => Ok(file.clone()),
        Some(b"wOFF") => woff::decode_woff1(file, limits.inflated_bytes).map(Bytes::from),
        Some(b"wOF2") => woff::decode_woff2(file, limits.inflated_bytes).map(Bytes::from),
        Some(b"ttcf") => Err(refused("a collection of fonts (TTC) is not supported")),
        Some(_) | None => Err(refused("the font is not a TTF, OTF, WOFF or WOFF2 file")),
    }
}
