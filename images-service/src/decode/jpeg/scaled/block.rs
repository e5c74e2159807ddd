//! Entropy decoding of one block (JPEG Annex F.2.2). The DC and AC coefficients that a small picture needs are
//! dequantised, and the others are skipped.

use super::{
    bits::Cursor,
    huffman::{EOB, HuffmanTable, LOOKAHEAD},
    idct::{Block, IdctBasis},
};

/// The quantisation step and the place of each coefficient of a component, in zig-zag order.
pub(super) struct DequantTable {
    /// The entries of a block, and more, so that no index needs a check.
    entries: Box<[DequantEntry; 256]>,
    /// The number of coefficients in zig-zag order up to the last one that is kept.
    kept: usize,
}

#[derive(Clone, Copy)]
struct DequantEntry {
    quant: f32,
    at: u32,
}

impl DequantTable {
    pub(super) fn new(quantisation: &[u16; 64], basis: &IdctBasis) -> Self {
        let mut entries = Box::new([DequantEntry { quant: 0.0, at: 64 }; 256]);
        let mut kept = 1;
        for (order, (entry, quant)) in entries.iter_mut().zip(quantisation).enumerate() {
            let natural = usize::from(ZIGZAG[order]);
            if natural % 8 < basis.inputs && natural / 8 < basis.inputs {
                *entry = DequantEntry {
                    quant: f32::from(*quant),
                    at: u32::from(ZIGZAG[order]),
                };
                kept = order + 1;
            }
        }
        Self { entries, kept }
    }
}

/// The zig-zag order (Figure A.6): the place of each coefficient in its block.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The number of symbols of at most [`LOOKAHEAD`] bits that one refill is enough for.
const SYMBOLS_PER_REFILL: u32 = Cursor::LOADED / LOOKAHEAD;

/// The entropy decoder of a component.
pub(super) struct BlockReader<'a> {
    /// The Huffman table of the DC coefficients.
    pub(super) dc: &'a HuffmanTable,
    /// The Huffman table of the AC coefficients.
    pub(super) ac: &'a HuffmanTable,
    /// The DC coefficient of the block before, which predicts the next one.
    pub(super) last_dc: i16,
}

/// Reads a block, whose coefficients must be zero.
///
/// Returns the zig-zag index of the last coefficient that may be nonzero, or `None` if the bits are no code.
#[inline(always)]
pub(super) fn read(
    reader: &mut BlockReader<'_>,
    window: &[u8],
    cursor: &mut Cursor,
    dequant: &DequantTable,
    block: &mut Block,
) -> Option<usize> {
    let (dc, ac) = (reader.dc, reader.ac);
    let mut bits = *cursor;
    bits.refill(window);
    let mut symbol = dc.lookup[bits.peek(LOOKAHEAD) & LOOKAHEAD_MASK];
    if symbol.bits == 0 {
        (symbol, bits) = dc.slow_path(bits, window)?;
    } else {
        bits.consume(u32::from(symbol.bits));
    }
    reader.last_dc = reader.last_dc.wrapping_add(symbol.value);
    block[0] = f32::from(reader.last_dc) * dequant.entries[0].quant;

    let mut at = 1;
    let mut last_nonzero = 0;
    'kept: while at < dequant.kept {
        bits.refill(window);
        for _ in 0..SYMBOLS_PER_REFILL {
            let mut symbol = ac.lookup[bits.peek(LOOKAHEAD) & LOOKAHEAD_MASK];
            if symbol.bits == 0 {
                (symbol, bits) = ac.slow_path(bits, window)?;
            } else {
                bits.consume(u32::from(symbol.bits));
            }
            at += usize::from(symbol.advance);
            let entry = dequant.entries[(at - 1) & 255];
            block[entry.at as usize & 127] = f32::from(symbol.value) * entry.quant;
            if at >= dequant.kept {
                break 'kept;
            }
            last_nonzero = at - 1;
        }
    }
    // The last symbol may end at the last coefficient that is kept.
    if at == dequant.kept {
        last_nonzero = at - 1;
    }
    while at < 64 {
        bits.refill(window);
        for _ in 0..SYMBOLS_PER_REFILL {
            let run = ac.skip_runs[bits.peek(LOOKAHEAD) & LOOKAHEAD_MASK];
            // The lookahead does not know where a block ends, so its run may reach into the next block.
            if run.bits > 0 && at + usize::from(run.advance & 127) < 64 {
                bits.consume(u32::from(run.bits));
                at += usize::from(run.advance);
            } else {
                let symbol;
                (symbol, bits) = ac.slow_path(bits, window)?;
                at += usize::from(symbol.advance);
            }
            if at >= 64 {
                break;
            }
        }
    }
    *cursor = bits;
    // A run of zeros must not leave the block.
    (at == 64 || at > usize::from(EOB)).then_some(last_nonzero)
}

const LOOKAHEAD_MASK: usize = (1 << LOOKAHEAD) - 1;
