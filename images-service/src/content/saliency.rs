//! Saliency by maximum symmetric surround (Achanta and Süsstrunk 2010), in CIE L*a*b*.

use super::{Thumbnail, Window};
use crate::options::Size;

/// Lightness L* and the colour axes a* and b*. Distances are close to perceived ones.
type Lab = [f64; 3];

/// Returns the scores of all places: the sum of the saliency in the box.
pub(super) fn scores(thumbnail: &Thumbnail, window: &Window) -> Vec<u64> {
    let size = thumbnail.size;
    let lab = smooth(&lab(&thumbnail.pixels), size);
    let means = Integral::new(&lab, size);
    let saliency: Vec<[u64; 1]> = (0..size.pixels())
        .map(|at| [distance(lab[at], means.surround(at))])
        .collect();
    let sums = Integral::new(&saliency, size);
    let (width, height) = (window.size.width as usize, window.size.height as usize);
    window
        .places()
        .map(|(x, y)| sums.sum([x as usize, y as usize], [width, height])[0])
        .collect()
}

/// Returns the squared distance in 256ths. It is a whole number, so that sums of equal boxes are equal.
fn distance(one: Lab, other: Lab) -> u64 {
    let square: f64 = one
        .iter()
        .zip(other)
        .map(|(one, other)| (one - other).powi(2))
        .sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sum of squares of a few hundred each"
    )]
    let whole = (square * 256.0).round() as u64;
    whole
}

/// Converts sRGB to CIE L*a*b* with the white point D65.
fn lab(pixels: &[[u8; 3]]) -> Vec<Lab> {
    let linear: [f64; 256] = std::array::from_fn(|value| {
        let value = value as f64 / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    let root = |value: f64| {
        if value > 216.0 / 24389.0 {
            value.cbrt()
        } else {
            (value * 24389.0 / 27.0 + 16.0) / 116.0
        }
    };
    pixels
        .iter()
        .map(|pixel| {
            let [r, g, b] = pixel.map(|value| linear[usize::from(value)]);
            let x = root((0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47);
            let y = root(0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b);
            let z = root((0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b) / 1.088_83);
            [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
        })
        .collect()
}

/// Applies the binomial kernel (1 2 1)/4 along both axes. Pixels at the edge are repeated.
fn smooth(pixels: &[Lab], size: Size) -> Vec<Lab> {
    let (width, height) = (size.width as usize, size.height as usize);
    let along = |from: &[Lab], places: &dyn Fn(usize, usize) -> [usize; 3]| -> Vec<Lab> {
        (0..from.len())
            .map(|at| {
                let [before, own, after] = places(at % width.max(1), at / width.max(1));
                std::array::from_fn(|axis| {
                    (from[before][axis] + 2.0 * from[own][axis] + from[after][axis]) / 4.0
                })
            })
            .collect()
    };
    let rows = along(pixels, &|x, y| {
        [x.saturating_sub(1), x, (x + 1).min(width - 1)].map(|x| y * width + x)
    });
    along(&rows, &|x, y| {
        [y.saturating_sub(1), y, (y + 1).min(height - 1)].map(|y| y * width + x)
    })
}

/// A summed-area table (Crow 1984): the sums over all boxes from the top left corner.
struct Integral<T> {
    size: Size,
    /// The sums have one column and one row more than the picture.
    sums: Vec<T>,
}

impl<T, const N: usize> Integral<[T; N]>
where
    T: Copy + Default + std::ops::Add<Output = T> + std::ops::Sub<Output = T>,
{
    fn new(values: &[[T; N]], size: Size) -> Self {
        let width = size.width as usize;
        let mut sums = vec![[T::default(); N]; width + 1];
        for line in values.chunks_exact(width.max(1)) {
            let mut row = [T::default(); N];
            sums.push(row);
            for value in line {
                let above = sums[sums.len() - width - 1];
                row = std::array::from_fn(|n| row[n] + value[n]);
                sums.push(std::array::from_fn(|n| row[n] + above[n]));
            }
        }
        Self { size, sums }
    }

    /// Returns the sum over the box at a place.
    fn sum(&self, [left, top]: [usize; 2], [width, height]: [usize; 2]) -> [T; N] {
        let stride = self.size.width as usize + 1;
        let at = |x: usize, y: usize| self.sums[y * stride + x];
        let (right, bottom) = (left + width, top + height);
        let (all, above, before, both) = (
            at(right, bottom),
            at(right, top),
            at(left, bottom),
            at(left, top),
        );
        std::array::from_fn(|n| all[n] + both[n] - above[n] - before[n])
    }
}

impl Integral<Lab> {
    /// Returns the mean of the largest box that has the pixel at its centre.
    fn surround(&self, at: usize) -> Lab {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let (x, y) = (at % width.max(1), at / width.max(1));
        let reach = |at: usize, side: usize| at.min(side - 1 - at);
        let (across, down) = (reach(x, width), reach(y, height));
        let sides = [2 * across + 1, 2 * down + 1];
        let sum = self.sum([x - across, y - down], sides);
        sum.map(|sum| sum / (sides[0] * sides[1]) as f64)
    }
}
