//! A thumbnail on white, by box averaging, on which saliency and entropy are computed.

use super::rounded;
use crate::{
    image::{Channels, Image},
    options::Size,
};

/// The longest side of a thumbnail in pixels.
const MAX_SIDE: u32 = 256;

/// A reduced copy. Each pixel is the mean of the pixels that it covers.
pub(super) struct Thumbnail {
    pub(super) size: Size,
    pub(super) pixels: Vec<[u8; 3]>,
}

impl Thumbnail {
    /// Reduces a picture. A picture of at most [`MAX_SIDE`] pixels a side keeps its size.
    pub(super) fn new(picture: &Image) -> Self {
        let size = picture.size();
        let longest = size.longest();
        let small = if longest <= MAX_SIDE {
            size
        } else {
            let side = |side: u32| rounded(side, MAX_SIDE, longest).max(1);
            Size::new(side(size.width), side(size.height))
        };
        let pixels = match picture.channels() {
            Channels::Rgb => reduced::<3>(picture, small),
            Channels::Rgba => reduced::<4>(picture, small),
        };
        Self {
            size: small,
            pixels,
        }
    }
}

fn reduced<const PIXEL: usize>(picture: &Image, small: Size) -> Vec<[u8; 3]> {
    let width = picture.size().width as usize;
    let pixels = picture.data().as_chunks::<PIXEL>().0;
    let columns = box_edges(picture.size().width, small.width);
    let rows = box_edges(picture.size().height, small.height);
    let mut reduced = Vec::with_capacity(small.pixels());
    for row in rows.windows(2) {
        let mut sums = vec![[0_u64; 3]; small.width as usize];
        for line in pixels[row[0] * width..row[1] * width].chunks_exact(width.max(1)) {
            for (sum, column) in sums.iter_mut().zip(columns.windows(2)) {
                for pixel in &line[column[0]..column[1]] {
                    let alpha = pixel.get(3).map_or(255, |alpha| u64::from(*alpha));
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u64::from(*value) * alpha + 255 * (255 - alpha);
                    }
                }
            }
        }
        for (sum, column) in sums.iter().zip(columns.windows(2)) {
            let whole = 255 * ((row[1] - row[0]) * (column[1] - column[0])) as u64;
            let mean = |sum: u64| u8::try_from((2 * sum + whole) / (2 * whole).max(1));
            reduced.push(sum.map(|sum| mean(sum).unwrap_or(255)));
        }
    }
    reduced
}

/// Returns the edges of the boxes along one axis, from 0 to `side`.
fn box_edges(side: u32, small: u32) -> Vec<usize> {
    let small = u64::from(small.max(1));
    (0..=small)
        .map(|number| usize::try_from(number * u64::from(side) / small).unwrap_or(usize::MAX))
        .collect()
}
