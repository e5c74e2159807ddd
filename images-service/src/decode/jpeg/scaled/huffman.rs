//! Huffman decoding by lookup tables (JPEG Annex F.2.2). The next 11 bits select a whole symbol with its value, or a
//! run of symbols whose coefficients are skipped.

use super::bits::Cursor;

/// The bits that index a lookup table.
pub(super) const LOOKAHEAD: u32 = 11;
/// The advance of the end of block (EOB). It leads beyond every coefficient.
pub(super) const EOB: u8 = 128;

/// Whether a table codes DC or AC coefficients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CoefficientKind {
    Dc,
    Ac,
}

/// One coefficient and the zeros before it, or EOB.
#[derive(Clone, Copy, Default)]
pub(super) struct Symbol {
    /// The bits of the code and of its value; 0 if they are more than the lookahead.
    pub(super) bits: u8,
    /// The number of coefficients that it stands for.
    pub(super) advance: u8,
    pub(super) value: i16,
}

/// All whole symbols of a lookahead, without their values.
#[derive(Clone, Copy, Default)]
pub(super) struct SkipRun {
    /// The bits of the symbols; 0 if not even one is whole.
    pub(super) bits: u8,
    /// The number of coefficients that the symbols stand for.
    pub(super) advance: u8,
}

pub(super) struct HuffmanTable {
    pub(super) lookup: Box<[Symbol; 1 << LOOKAHEAD]>,
    pub(super) skip_runs: Box<[SkipRun; 1 << LOOKAHEAD]>,
    kind: CoefficientKind,
    symbols: Vec<u8>,
    /// The first code after those of each length from 1, shifted to the top of 16 bits.
    ends: [u32; 16],
    /// The difference between the index of a symbol and its code, for each code length from 1.
    offsets: [i32; 16],
}

impl HuffmanTable {
    /// Builds a table from the number of codes of each length (BITS) and their symbols (HUFFVAL). Returns `None` if the
    /// codes do not fit.
    pub(super) fn new(kind: CoefficientKind, counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut ends = [0; 16];
        let mut offsets = [0; 16];
        let (mut code, mut number) = (0_u32, 0_u32);
        for (index, count) in counts.iter().enumerate() {
            offsets[index] = i32::try_from(number).ok()? - i32::try_from(code).ok()?;
            code += u32::from(*count);
            number += u32::from(*count);
            if code > 2 << index {
                return None;
            }
            ends[index] = code << (15 - index);
            code <<= 1;
        }
        let mut table = Self {
            lookup: Box::new([Symbol::default(); 1 << LOOKAHEAD]),
            skip_runs: Box::new([SkipRun::default(); 1 << LOOKAHEAD]),
            kind,
            symbols: symbols.to_vec(),
            ends,
            offsets,
        };
        let mut index = 0;
        for look in 0..1 << LOOKAHEAD {
            // Codes are sorted by length.
            while index < LOOKAHEAD as usize && table.ends[index] <= look << (16 - LOOKAHEAD) {
                index += 1;
            }
            if let Some(symbol) = table.symbol_of_length(index, look << (32 - LOOKAHEAD), LOOKAHEAD)
            {
                table.lookup[look as usize] = symbol;
            }
        }
        if kind == CoefficientKind::Ac {
            for look in 0..1 << LOOKAHEAD {
                table.skip_runs[look as usize] = table.skip_run(look);
            }
        }
        Some(table)
    }

    /// Reads the symbol at the top of `bits`, of which the first `known` are valid.
    fn symbol(&self, bits: u32, known: u32) -> Option<Symbol> {
        let index = self.ends.iter().position(|end| bits >> 16 < *end)?;
        self.symbol_of_length(index, bits, known)
    }

    /// Reads the symbol whose code has `index + 1` bits.
    fn symbol_of_length(&self, index: usize, bits: u32, known: u32) -> Option<Symbol> {
        let length = u32::try_from(index).ok()? + 1;
        let code = i32::try_from(bits.checked_shr(32 - length)?).ok()?;
        let number = self.offsets.get(index)? + code;
        let symbol = *self.symbols.get(usize::try_from(number).ok()?)?;
        let (run, size) = (symbol >> 4, symbol & 15);
        let total = length + u32::from(size);
        let advance = match (self.kind, run, size) {
            (CoefficientKind::Dc, 0, _) => 1,
            (CoefficientKind::Dc, _, _) => return None,
            (CoefficientKind::Ac, 0, 0) => EOB,
            (CoefficientKind::Ac, 15, 0) => 16,
            (CoefficientKind::Ac, _, 0) => return None,
            (CoefficientKind::Ac, _, _) => run + 1,
        };
        if total > known {
            return None;
        }
        Some(Symbol {
            bits: u8::try_from(total).ok()?,
            advance,
            value: value(bits << length, size),
        })
    }

    /// Returns all whole symbols of a lookahead, up to EOB or 64 coefficients.
    fn skip_run(&self, look: u32) -> SkipRun {
        let mut run = SkipRun::default();
        loop {
            let used = u32::from(run.bits);
            let rest = (look << used) as usize & ((1 << LOOKAHEAD) - 1);
            let symbol = self.lookup[rest];
            let fits = symbol.bits > 0 && used + u32::from(symbol.bits) <= LOOKAHEAD;
            if !fits {
                return run;
            }
            run.bits += symbol.bits;
            run.advance += symbol.advance;
            if run.advance >= 64 || u32::from(run.bits) == LOOKAHEAD {
                return run;
            }
        }
    }

    /// Reads the next symbol, whose code may have any length. Returns `None` if the bits are no code.
    #[cold]
    #[inline(never)]
    pub(super) fn slow_path(&self, mut cursor: Cursor, window: &[u8]) -> Option<(Symbol, Cursor)> {
        cursor.refill(window);
        let symbol = self.symbol(u32::try_from(cursor.peek(32)).ok()?, 32)?;
        cursor.consume(u32::from(symbol.bits));
        cursor.refill(window);
        Some((symbol, cursor))
    }
}

/// Extends the sign of a value (EXTEND, Figure F.12): a value that begins with 0 is negative.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 15 bits and a sign"
)]
fn value(bits: u32, size: u8) -> i16 {
    if size == 0 {
        return 0;
    }
    let size = u32::from(size);
    let raw = bits >> (32 - size);
    let low = if bits >> 31 == 0 { (1 << size) - 1 } else { 0 };
    (raw.cast_signed() - low) as i16
}
