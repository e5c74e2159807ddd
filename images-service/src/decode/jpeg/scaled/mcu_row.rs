//! The samples of one MCU row.

use super::{
    block::DequantTable,
    idct::{Block, IdctBasis, idct_scaled},
};

/// The bytes that an IDCT may write behind its samples.
const MARGIN: usize = 8;

/// The samples of one component in an MCU row, and the tables that turn blocks into them.
pub(super) struct McuRow {
    pub(super) dequant: DequantTable,
    basis: IdctBasis,
    samples: Vec<u8>,
    stride: usize,
    /// The samples along a side of a block.
    side: usize,
}

impl McuRow {
    /// Creates a row of `across` by `down` blocks of `side` samples a side.
    pub(super) fn new(quantisation: &[u16; 64], side: usize, across: usize, down: usize) -> Self {
        let basis = IdctBasis::new(side);
        let stride = across * side + MARGIN;
        Self {
            dequant: DequantTable::new(quantisation, &basis),
            samples: vec![0; stride * down * side],
            stride,
            side,
            basis,
        }
    }

    /// Transforms a block to its place, counted in blocks from the left and from the top, and clears it.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        column: usize,
        row: usize,
        block: &mut Block,
        last_nonzero: usize,
    ) {
        let left = column * self.side;
        let out = self.samples.get_mut(row * self.side * self.stride + left..);
        idct_scaled(
            &self.basis,
            block,
            last_nonzero,
            out.unwrap_or_default(),
            self.stride,
        );
    }

    /// Returns a row of samples, counted from the top, with some bytes behind them.
    pub(super) fn row(&self, number: usize) -> &[u8] {
        let start = number * self.stride;
        &self.samples[start..start + self.stride]
    }
}
