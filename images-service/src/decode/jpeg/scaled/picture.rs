//! The decoded picture, which grows by one MCU row at a time.

use libjpeg_turbo_rs::simd::{self, SimdRoutines};

use super::{ScaledPlan, mcu_row::McuRow};
use crate::options::Size;

/// The picture as it grows.
pub(super) struct ScaledPicture {
    pub(super) mcu_rows: Vec<McuRow>,
    size: Size,
    /// The rows of the picture in one MCU row.
    height: usize,
    /// Whether chroma has half as many samples in a row as luma.
    subsampled: bool,
    routines: SimdRoutines,
    chroma: [Vec<u8>; 2],
    pub(super) data: Vec<u8>,
}

impl ScaledPicture {
    pub(super) fn new(plan: &ScaledPlan<'_>) -> Self {
        let first = &plan.headers.components[0];
        let channels = plan.headers.components.len();
        let subsampled = first.across == 2 && first.down == 1;
        let width = plan.size.width as usize;
        Self {
            mcu_rows: plan.mcu_rows(),
            size: plan.size,
            height: first.down * plan.sides.0,
            subsampled,
            routines: simd::detect(),
            chroma: [vec![0; width + 64], vec![0; width + 64]],
            data: vec![0; plan.size.pixels() * channels],
        }
    }

    /// Converts one MCU row to grey or RGB.
    pub(super) fn finish(&mut self, mcus: usize) {
        let width = self.size.width as usize;
        let bytes = width * self.mcu_rows.len();
        let start = (mcus * self.height * bytes).min(self.data.len());
        let rows = self.data[start..].chunks_exact_mut(bytes).take(self.height);
        for (number, out) in rows.enumerate() {
            let [luma, chroma @ ..] = &self.mcu_rows[..] else {
                return;
            };
            let luma = luma.row(number);
            let [cb, cr] = chroma else {
                out.copy_from_slice(&luma[..width]);
                continue;
            };
            let mut chroma_rows = [cb.row(number), cr.row(number)];
            if self.subsampled {
                let halves = width.div_ceil(2);
                for (full, row) in self.chroma.iter_mut().zip(&mut chroma_rows) {
                    self.routines
                        .fancy_upsample_h2v1(&row[..halves], halves, full);
                    *row = full;
                }
            }
            let [cb, cr] = chroma_rows;
            self.routines.ycbcr_to_rgb_row(luma, cb, cr, out, width);
        }
    }
}
