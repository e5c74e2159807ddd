//! Content of which every byte can be computed, here as in the worker.

use bytes::Bytes;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// Returns `bytes` bytes that follow from the seed.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes.next_multiple_of(8)];
    for (at, place) in noise.chunks_exact_mut(8).enumerate() {
        place.copy_from_slice(&word(seed, at).to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

fn word(seed: u64, at: usize) -> u64 {
    let mut word = seed ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A picture with these pixels, in a file that is as large as they are.
pub(crate) fn picture(pixels: &[u8], (width, height): (u32, u32)) -> Bytes {
    let mut file = Vec::with_capacity(pixels.len() + pixels.len() / 50 + 1_000);
    PngEncoder::new_with_quality(
        &mut file,
        CompressionType::Uncompressed,
        FilterType::NoFilter,
    )
    .write_image(pixels, width, height, ExtendedColorType::Rgb8)
    .unwrap();
    file.into()
}
