//! Decodes sequential JPEG at n/8 of its size, n from 1 to 7: the form of nearly all photographs, and the work of nearly
//! all thumbnails.
//!
//! It is faster than a decoder for everything because it need not keep what a small picture does not show.

mod bits;
mod block;
mod headers;
mod huffman;
mod idct;
mod mcu_row;
mod picture;
mod scan;

use self::{headers::Headers, mcu_row::McuRow, picture::ScaledPicture, scan::Scan};
use super::{ColorModel, DecodeError, RawImage, SampleBuffer, Shrink};
use crate::options::Size;

/// Decodes a file that has one scan; `None` if it is one for another decoder.
pub(super) fn decode(
    bytes: &[u8],
    stored: Size,
    shrink: Shrink,
) -> Result<Option<RawImage>, DecodeError> {
    let plan = Headers::read(bytes).and_then(|headers| ScaledPlan::new(headers, stored, shrink));
    let Some(plan) = plan else {
        return Ok(None);
    };
    let mut picture = ScaledPicture::new(&plan);
    let mut scan = Scan::new(&plan);
    for row in 0..plan.mcus.1 {
        scan.row(&plan, &mut picture.mcu_rows)?;
        picture.finish(row);
    }
    let model = match picture.mcu_rows.len() {
        1 => ColorModel::Gray,
        _ => ColorModel::Rgb,
    };
    Ok(Some(RawImage {
        size: plan.size,
        model,
        samples: SampleBuffer::Eight(picture.data),
    }))
}

/// How a file is decoded.
struct ScaledPlan<'a> {
    headers: Headers<'a>,
    size: Size,
    /// MCUs in each direction.
    mcus: (usize, usize),
    /// Samples of a block along a side: of the first component, and of the others.
    sides: (usize, usize),
}

impl<'a> ScaledPlan<'a> {
    fn new(headers: Headers<'a>, stored: Size, shrink: Shrink) -> Option<Self> {
        let first = headers.components.first()?;
        let side = shrink.eighths() as usize;
        let sides = match (first.across, first.down) {
            (2, 2) if side <= 4 => (side, side * 2),
            // Samples that have to be made up between two rows of MCUs.
            (2, 2) | (2, 1) if first.down == 2 || side == 1 => return None,
            _ => (side, side),
        };
        if side > 7 || headers.size != stored || stored.area() == 0 {
            return None;
        }
        let mcus = (
            (stored.width as usize).div_ceil(8 * first.across),
            (stored.height as usize).div_ceil(8 * first.down),
        );
        for component in &headers.components {
            headers.tables(component)?;
        }
        Some(Self {
            size: shrink.of(stored),
            headers,
            mcus,
            sides,
        })
    }

    fn mcu_rows(&self) -> Vec<McuRow> {
        let components = self.headers.components.iter().enumerate();
        components
            .filter_map(|(number, component)| {
                let (quantisation, ..) = self.headers.tables(component)?;
                let side = if number == 0 {
                    self.sides.0
                } else {
                    self.sides.1
                };
                let blocks = (component.across, component.down);
                Some(McuRow::new(quantisation, side, blocks, self.mcus.0))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
