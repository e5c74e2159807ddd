//! The coefficients of one block: those that a small picture needs are kept, the others only passed by.

use super::{
    bits::Cursor,
    huffman::{END, LOOK, Table},
    idct::{Basis, Block},
};

/// What the coefficients of a component are worth, and where they go, in the order in which they come.
pub(super) struct Places {
    /// Longer than a block, so that no step can leave it.
    places: Box<[Place; 256]>,
    /// How many have to be kept.
    kept: usize,
}

#[derive(Clone, Copy)]
struct Place {
    worth: f32,
    at: u32,
}

impl Places {
    pub(super) fn new(quantisation: &[u16; 64], basis: &Basis) -> Self {
        let mut places = Box::new([Place { worth: 0.0, at: 64 }; 256]);
        let mut kept = 1;
        for (order, (place, step)) in places.iter_mut().zip(quantisation).enumerate() {
            let natural = usize::from(ZIGZAG[order]);
            if natural % 8 < basis.inputs && natural / 8 < basis.inputs {
                *place = Place {
                    worth: f32::from(*step),
                    at: u32::from(ZIGZAG[order]),
                };
                kept = order + 1;
            }
        }
        Self { places, kept }
    }
}

/// Coefficients in the order in which they come: where each one stands.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Steps of at most [`LOOK`] bits that one load is enough for.
const STEPS: u32 = Cursor::LOADED / LOOK;

/// The tables of a component.
pub(super) struct Codes<'a> {
    pub(super) dc: &'a Table,
    pub(super) ac: &'a Table,
}

/// Reads a block; what is not kept of it is zero already.
///
/// Returns the number of the last coefficient that may not be zero, or `None` if the codes are none.
#[inline(always)]
pub(super) fn read(
    window: &[u8],
    cursor: &mut Cursor,
    codes: &Codes<'_>,
    places: &Places,
    (dc, block): (&mut i16, &mut Block),
) -> Option<usize> {
    let mut bits = *cursor;
    bits.load(window);
    let mut step = codes.dc.steps[bits.peek(LOOK) & LOOKED];
    if step.bits == 0 {
        (step, bits) = codes.dc.long_step(bits, window)?;
    } else {
        bits.take(u32::from(step.bits));
    }
    *dc = dc.wrapping_add(step.value);
    block[0] = f32::from(*dc) * places.places[0].worth;

    let mut at = 1;
    let mut last = 0;
    'kept: while at < places.kept {
        bits.load(window);
        for _ in 0..STEPS {
            let mut step = codes.ac.steps[bits.peek(LOOK) & LOOKED];
            if step.bits == 0 {
                (step, bits) = codes.ac.long_step(bits, window)?;
            } else {
                bits.take(u32::from(step.bits));
            }
            at += usize::from(step.advance);
            let place = places.places[(at - 1) & 255];
            block[place.at as usize & 127] = f32::from(step.value) * place.worth;
            if at >= places.kept {
                break 'kept;
            }
            last = at - 1;
        }
    }
    // The last one may still be one that is kept.
    if at == places.kept {
        last = at - 1;
    }
    while at < 64 {
        bits.load(window);
        for _ in 0..STEPS {
            let stride = codes.ac.strides[bits.peek(LOOK) & LOOKED];
            // Behind the last place of a block its end is not told, so that a stride may reach into the next one.
            if stride.bits > 0 && at + usize::from(stride.advance & 127) < 64 {
                bits.take(u32::from(stride.bits));
                at += usize::from(stride.advance);
            } else {
                let step;
                (step, bits) = codes.ac.long_step(bits, window)?;
                at += usize::from(step.advance);
            }
            if at >= 64 {
                break;
            }
        }
    }
    *cursor = bits;
    // A run of zeros that leaves the block is not a code.
    (at == 64 || at > END).then_some(last)
}

const LOOKED: usize = (1 << LOOK) - 1;
