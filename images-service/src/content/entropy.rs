//! Detail of a box: the Shannon entropy of its luma.

use super::{Thumbnail, Window};

/// Returns the scores of all places: the entropy of all pixels together, in millionths of a bit. All boxes have the
/// same number of pixels.
pub(super) fn scores(thumbnail: &Thumbnail, window: &Window) -> Vec<u64> {
    let width = thumbnail.size.width as usize;
    let luma: Vec<u8> = thumbnail.pixels.iter().map(|pixel| luma(*pixel)).collect();
    let (columns, rows) = (window.size.width as usize, window.size.height as usize);
    let mut scores = Vec::new();
    for top in 0..=window.last.1 as usize {
        let lines = || luma.chunks_exact(width.max(1)).skip(top).take(rows);
        let mut counts = [0_u32; 256];
        for line in lines() {
            for value in &line[..columns] {
                counts[usize::from(*value)] += 1;
            }
        }
        scores.push(score(&counts));
        for left in 1..=window.last.0 as usize {
            for line in lines() {
                counts[usize::from(line[left - 1])] -= 1;
                counts[usize::from(line[left + columns - 1])] += 1;
            }
            scores.push(score(&counts));
        }
    }
    scores
}

fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 213 * u32::from(r) + 715 * u32::from(g) + 72 * u32::from(b);
    u8::try_from((sum + 500) / 1000).unwrap_or(255)
}

/// Returns the entropy times the number of pixels. It is a whole number, so that equal boxes do not differ by the order
/// of a sum.
fn score(counts: &[u32; 256]) -> u64 {
    let number: u32 = counts.iter().sum();
    let shared: f64 = counts
        .iter()
        .filter(|count| **count > 1)
        .map(|count| weight(*count))
        .sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 65,536 pixels of 16 bits each, and never negative but for a rounding"
    )]
    let score = ((weight(number) - shared) * 1e6).round() as u64;
    score
}

fn weight(count: u32) -> f64 {
    let count = f64::from(count);
    count * count.log2()
}
