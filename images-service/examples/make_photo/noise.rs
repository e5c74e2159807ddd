//! Value noise: random numbers on a grid, interpolated, and sums of it at several scales.

/// Returns a number from 0 to 1 that depends on its grid point alone.
pub(crate) fn random(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits = x.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ y.cast_unsigned().wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    bits ^= bits >> 15;
    let bits: [u8; 4] = bits.to_be_bytes();
    f32::from(u16::from_be_bytes([bits[0], bits[1]])) / 65_535.0
}

/// Returns noise of one scale, from 0 to 1.
pub(crate) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let ease = |at: f32| at * at * at * (at * (at * 6.0 - 15.0) + 10.0);
    let (along, down) = (ease(x - column), ease(y - row));
    let (column, row) = (grid(column), grid(row));
    let corner = |dx, dy| random(column.wrapping_add(dx), row.wrapping_add(dy), seed);
    let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * along;
    let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * along;
    top + (bottom - top) * down
}

/// Returns a sum of octaves from 0 to 1, each half as large and half as strong as the one before.
pub(crate) fn clouds(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut weight, mut scale, mut whole) = (0.0, 1.0, 1.0, 0.0);
    for octave in 0..octaves {
        sum += weight * value(x * scale, y * scale, seed + octave);
        whole += weight;
        weight *= 0.5;
        // The factor is not exactly 2, so that the grids of two octaves never coincide.
        scale *= 1.97;
    }
    sum / whole
}

/// Returns a sum of octaves with sharp crests, from 0 to 1.
pub(crate) fn crests(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut weight, mut scale, mut whole) = (0.0, 1.0, 1.0, 0.0);
    for octave in 0..octaves {
        let crest = 1.0 - (2.0 * value(x * scale, y * scale, seed + octave) - 1.0).abs();
        sum += weight * crest * crest;
        whole += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / whole
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and grids are small"
)]
fn grid(value: f32) -> i32 {
    value as i32
}
