//! Counts the colours of a picture, up to the size of a palette.

use super::Indexed;

/// The maximum number of palette entries.
const MAX_COLORS: usize = 256;

/// Returns the palette of exactly these colours; `None` as soon as there are too many.
pub(super) fn colors(pixels: impl Iterator<Item = [u8; 4]>) -> Option<Indexed> {
    let mut table = Table::new();
    let mut indices = Vec::with_capacity(pixels.size_hint().0);
    let mut last: Option<([u8; 4], u8)> = None;
    for color in pixels {
        let index = match last {
            // Neighbouring pixels are often equal.
            Some((same, index)) if same == color => index,
            _ => table.index(color)?,
        };
        last = Some((color, index));
        indices.push(index);
    }
    Some(Indexed {
        colors: table.colors,
        indices,
    })
}

/// A hash table with open addressing. It is never more than a quarter full, so that a free place is near.
struct Table {
    places: [Option<u8>; 4 * MAX_COLORS],
    colors: Vec<[u8; 4]>,
}

impl Table {
    fn new() -> Self {
        Self {
            places: [None; 4 * MAX_COLORS],
            colors: Vec::new(),
        }
    }

    fn index(&mut self, color: [u8; 4]) -> Option<u8> {
        let places = self.places.len();
        let start = hash(color) % places;
        for at in (start..places).chain(0..start) {
            match self.places[at] {
                Some(index) if self.colors[usize::from(index)] == color => return Some(index),
                Some(_) => {}
                None => {
                    let index = u8::try_from(self.colors.len()).ok()?;
                    self.colors.push(color);
                    self.places[at] = Some(index);
                    return Some(index);
                }
            }
        }
        None
    }
}

fn hash(color: [u8; 4]) -> usize {
    // Fibonacci hashing: the upper bits of the product depend on all of the colour.
    (u32::from_le_bytes(color).wrapping_mul(0x9E37_79B9) >> 16) as usize
}
