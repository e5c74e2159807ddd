//! Decodes sequential JPEG at n/8 of its size, for n from 1 to 7. Most photographs have this form, and most thumbnails
//! are made from it.
//!
//! This decoder is faster than a general one, because it keeps no coefficients that the reduced picture does not need.

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

/// Decodes a file that has one scan. Returns `None` for a file that the other decoder has to read.
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

/// The parameters of one decoding.
struct ScaledPlan<'a> {
    headers: Headers<'a>,
    size: Size,
    /// The MCUs in each direction.
    mcus: (usize, usize),
    /// The samples along a side of a block: of the first component, and of the others.
    sides: (usize, usize),
}

impl<'a> ScaledPlan<'a> {
    fn new(headers: Headers<'a>, stored: Size, shrink: Shrink) -> Option<Self> {
        let first = headers.components.first()?;
        let side = shrink.eighths() as usize;
        let sides = match (first.across, first.down) {
            (2, 2) if side <= 4 => (side, side * 2),
            // 4:2:0 above 4/8 needs chroma from two MCU rows. 4:2:2 at 1/8 is left to the other decoder, too.
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
            size: shrink.reduced(stored),
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
                let across = self.mcus.0 * component.across;
                Some(McuRow::new(quantisation, side, across, component.down))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
