//! The samples of one MCU row.

use super::{
    block::DequantTable,
    idct::{Block, IdctBasis, idct_scaled},
};

/// A transform writes up to this many bytes behind its samples.
const MARGIN: usize = 8;

/// One component's samples, and how they come out of its blocks.
pub(super) struct McuRow {
    pub(super) dequant: DequantTable,
    basis: IdctBasis,
    samples: Vec<u8>,
    stride: usize,
    /// Samples of one block along a side.
    side: usize,
    /// Blocks of one MCU from left to right.
    across: usize,
}

impl McuRow {
    /// For blocks of `side` samples, `across` by `down` of them in each of `mcus` MCUs.
    pub(super) fn new(
        quantisation: &[u16; 64],
        side: usize,
        (across, down): (usize, usize),
        mcus: usize,
    ) -> Self {
        let basis = IdctBasis::new(side);
        let stride = mcus * across * side + MARGIN;
        Self {
            dequant: DequantTable::new(quantisation, &basis),
            samples: vec![0; stride * down * side],
            stride,
            side,
            across,
            basis,
        }
    }

    /// Puts a block where it belongs, and leaves nothing of it.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        mcu: usize,
        (column, row): (usize, usize),
        block: &mut Block,
        last_nonzero: usize,
    ) {
        let left = (mcu * self.across + column) * self.side;
        let out = self.samples.get_mut(row * self.side * self.stride + left..);
        idct_scaled(
            self.side,
            &self.basis,
            (block, last_nonzero),
            out.unwrap_or_default(),
            self.stride,
        );
    }

    /// Rows from the top, each with some bytes behind its samples.
    pub(super) fn row(&self, number: usize) -> &[u8] {
        let start = number * self.stride;
        &self.samples[start..start + self.stride]
    }
}
