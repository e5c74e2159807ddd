//! The inverse DCT (JPEG Annex A.3.3), scaled to 1 to 8 samples a side.

use std::f64::consts::PI;

/// The coefficients in eight rows of eight. Coefficients that are not needed are written behind them.
pub(super) type Block = [f32; 128];

/// The contribution of each coefficient along one side to each sample.
pub(super) struct IdctBasis {
    /// The number of samples along a side.
    outputs: usize,
    /// The number of coefficients along a side that count.
    pub(super) inputs: usize,
    /// The weights by coefficient, then by sample.
    by_input: [[f32; 8]; 8],
}

impl IdctBasis {
    /// Creates the basis for 1 to 8 samples a side.
    ///
    /// Two and four samples are the means of eight, as in libjpeg-turbo. The other numbers have a transform of their
    /// own size.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "numbers below 8, and as exact as a sample needs"
    )]
    pub(super) fn new(outputs: usize) -> Self {
        let mean = matches!(outputs, 2 | 4);
        let points = if mean { 8 } else { outputs };
        let cosine = |point: usize, input: usize| {
            let angle = (2 * point + 1) as f64 * input as f64 * PI / (2 * points) as f64;
            let scale = if input == 0 {
                8.0_f64.sqrt().recip()
            } else {
                0.5
            };
            scale * angle.cos()
        };
        let mut by_input = [[0.0; 8]; 8];
        for (input, samples) in by_input.iter_mut().enumerate().take(points) {
            let step = points / outputs;
            for (output, sample) in samples.iter_mut().enumerate().take(outputs) {
                let sum: f64 = (0..step).map(|at| cosine(output * step + at, input)).sum();
                *sample = (sum / step as f64) as f32;
            }
        }
        Self {
            outputs,
            inputs: points,
            by_input,
        }
    }
}

/// Transforms a block to the samples of its basis, written eight or four bytes a row, and clears it.
#[inline(always)]
pub(super) fn idct_scaled(
    basis: &IdctBasis,
    block: &mut Block,
    last_nonzero: usize,
    out: &mut [u8],
    stride: usize,
) {
    match basis.outputs {
        1 => idct::<1, 1, 4>(basis, block, last_nonzero, out, stride),
        2 => idct::<2, 8, 4>(basis, block, last_nonzero, out, stride),
        3 => idct::<3, 3, 4>(basis, block, last_nonzero, out, stride),
        4 => idct::<4, 8, 4>(basis, block, last_nonzero, out, stride),
        5 => idct::<5, 5, 8>(basis, block, last_nonzero, out, stride),
        6 => idct::<6, 6, 8>(basis, block, last_nonzero, out, stride),
        7 => idct::<7, 7, 8>(basis, block, last_nonzero, out, stride),
        _ => idct::<8, 8, 8>(basis, block, last_nonzero, out, stride),
    }
}

/// Transforms `K` coefficients a side to `N` samples a side, written `W` bytes a row, and clears the block.
#[inline(always)]
fn idct<const N: usize, const K: usize, const W: usize>(
    basis: &IdctBasis,
    block: &mut Block,
    last_nonzero: usize,
    out: &mut [u8],
    stride: usize,
) {
    // Most chroma blocks of a photograph have few coefficients.
    match last_nonzero {
        0 => {
            let sample = samples::<1>([block[0] * 0.125])[0];
            for row in out.chunks_mut(stride).take(N) {
                if let Some(row) = row.first_chunk_mut::<W>() {
                    *row = [sample; W];
                }
            }
            block[0] = 0.0;
        }
        1..=5 if K > 3 => idct_partial::<N, 3, W>(basis, block, out, stride),
        _ => idct_partial::<N, K, W>(basis, block, out, stride),
    }
}

#[inline(always)]
fn idct_partial<const N: usize, const K: usize, const W: usize>(
    basis: &IdctBasis,
    block: &mut Block,
    out: &mut [u8],
    stride: usize,
) {
    let mut columns = [[0.0_f32; 8]; N];
    for input in 0..K {
        let row: &mut [f32] = &mut block[input * 8..input * 8 + 8];
        let mut coefficients = [0.0_f32; 8];
        coefficients.copy_from_slice(row);
        row.fill(0.0);
        for (output, column) in columns.iter_mut().enumerate() {
            let weight = basis.by_input[input][output];
            for (sum, coefficient) in
                column
                    .iter_mut()
                    .zip(&coefficients)
                    .take(if K <= 4 { 4 } else { 8 })
            {
                *sum += weight * coefficient;
            }
        }
    }
    for (column, row) in columns.iter().zip(out.chunks_mut(stride)) {
        let mut sums = [0.0_f32; W];
        for (input, weights) in column.iter().zip(&basis.by_input).take(K) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += input * weight;
            }
        }
        if let Some(row) = row.first_chunk_mut::<W>() {
            *row = samples(sums);
        }
    }
}

/// Shifts the level by 128 and rounds to the nearest byte.
#[inline(always)]
fn samples<const W: usize>(sums: [f32; W]) -> [u8; W] {
    // The sum with 1.5 · 2^23 has its integer in the lowest bits. Unlike `as`, this is vectorised.
    const WHOLE: f32 = 12_582_912.0;
    sums.map(|sum| {
        // Halves are rounded up, as by other decoders.
        let sum = sum + 128.000_1;
        let sum = if sum > 0.0 { sum } else { 0.0 };
        let sum = if sum < 255.0 { sum } else { 255.0 };
        (sum + WHOLE).to_bits().to_le_bytes()[0]
    })
}
