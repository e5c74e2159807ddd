//! From the bytes of a file to a font that can be used, in whatever wrapping the web delivers it.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use harfrust::font::{Blob, Font};

use super::{TextLimits, refused, woff};
use crate::error::ServiceError;

/// A font at its default instance, which has outlines and measures of its lines.
pub(super) struct Face {
    font: Font,
    /// Units of the em: what the sizes of a font are given in.
    units_per_em: f64,
    ascent: f64,
    /// Below the baseline it is negative.
    descent: f64,
    line_gap: f64,
}

impl Face {
    /// Opens a TTF, OTF, WOFF or WOFF2 file.
    pub(super) fn open(file: &Bytes, limits: &TextLimits) -> Result<Self, ServiceError> {
        let sfnt = unwrapped(file, limits)?;
        check_tables(&sfnt)?;
        let blob = Blob::Shared(Arc::new(sfnt));
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

    /// The tables, for shaping and for outlines.
    pub(super) const fn font(&self) -> &Font {
        &self.font
    }

    /// Pixels of one unit when the em has `size` pixels.
    pub(super) fn scale(&self, size: f32) -> f64 {
        f64::from(size) / self.units_per_em
    }

    /// Units from the baseline to the top of the line.
    pub(super) const fn ascent(&self) -> f64 {
        self.ascent
    }

    /// Units from one baseline to the next.
    pub(super) fn line_height(&self) -> f64 {
        self.ascent - self.descent + self.line_gap
    }
}

/// The tables as TTF and OTF have them.
fn unwrapped(file: &Bytes, limits: &TextLimits) -> Result<Bytes, ServiceError> {
    match file.first_chunk() {
        Some(b"\0\x01\0\0" | b"true" | b"OTTO") => Ok(file.clone()),
        Some(b"wOFF") => woff::one(file, limits.inflated_bytes).map(Bytes::from),
        Some(b"wOF2") => woff::two(file, limits.inflated_bytes).map(Bytes::from),
        Some(b"ttcf") => Err(refused("a collection of fonts (TTC) is not supported")),
        Some(_) | None => Err(refused("the font is not a TTF, OTF, WOFF or WOFF2 file")),
    }
}

/// Bytes of an sfnt file before its list of tables, and of one entry of it.
const HEAD: usize = 12;
const ENTRY: usize = 16;

/// Whether every table that the file lists is there: a file cut short is refused, and not drawn with what is left.
fn check_tables(sfnt: &[u8]) -> Result<(), ServiceError> {
    let cut_short = || broken("it is cut short");
    let count = u16_at(sfnt, 4).ok_or_else(cut_short)?;
    let entries = sfnt
        .get(HEAD..HEAD + ENTRY * usize::from(count))
        .ok_or_else(cut_short)?;
    for entry in entries.chunks_exact(ENTRY) {
        let offset = u32_at(entry, 8).ok_or_else(cut_short)?;
        let length = u32_at(entry, 12).ok_or_else(cut_short)?;
        if u64::from(offset) + u64::from(length) > sfnt.len() as u64 {
            return Err(cut_short());
        }
    }
    Ok(())
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

pub(super) fn broken(why: impl Into<Cow<'static, str>>) -> ServiceError {
    refused(format!("the font cannot be used: {}", why.into()))
}
