//! JPEG: progressive with halved chroma, as the platform writes it, or sequential.

use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};
use safelight_protocol::{Format, extension::JpegScan};

use super::failed;
use crate::{decode::Metadata, error::ServiceError, image::Image};

/// Below this area a progressive file is only larger.
const PROGRESSIVE_FROM: u64 = 50 * 50;

/// Above this area a progressive file costs its reader too much memory.
const PROGRESSIVE_TO: u64 = 3000 * 3000;

/// Encodes an opaque picture.
pub(super) fn encode(
    image: &Image,
    quality: u8,
    scan: Option<JpegScan>,
    metadata: &Metadata,
) -> Result<Vec<u8>, ServiceError> {
    let size = image.size();
    let copyright = || metadata.copyright.as_deref().map(exif_of);
    let exif = metadata.exif.clone().or_else(copyright);
    let progressive = match scan {
        Some(JpegScan::Baseline) => false,
        None => (PROGRESSIVE_FROM..=PROGRESSIVE_TO).contains(&size.area()),
    };
    let mut encoder = Encoder::new(
        image.data(),
        size.width as usize,
        size.height as usize,
        PixelFormat::Rgb,
    )
    .quality(quality)
    .force_baseline(true)
    .subsampling(Subsampling::S420)
    .optimize_huffman(true)
    .progressive(progressive);
    if let Some(exif) = &exif {
        encoder = encoder.exif_data(exif);
    }
    encoder
        .encode()
        .map_err(|error| failed(Format::Jpeg, size, error))
}

/// A TIFF structure with nothing in it but the copyright tag.
fn exif_of(copyright: &[u8]) -> Vec<u8> {
    const COPYRIGHT: u16 = 0x8298;
    const ASCII: u16 = 2;
    /// Header, number of entries, one entry, offset of the next directory.
    const BEHIND: u32 = 8 + 2 + 12 + 4;
    /// A segment has room for 64 KB.
    const LONGEST: usize = 60_000;

    let mut text: Vec<u8> = copyright.iter().copied().take(LONGEST).collect();
    if text.last() != Some(&0) {
        text.push(0);
    }
    let length = u32::try_from(text.len()).unwrap_or(0);
    // What has room in the entry itself has to stand there.
    let mut inside = [0; 4];
    let (value, behind): ([u8; 4], &[u8]) = match inside.get_mut(..text.len()) {
        Some(room) => {
            room.copy_from_slice(&text);
            (inside, &[])
        }
        None => (BEHIND.to_le_bytes(), &text),
    };
    [
        &b"II*\0"[..],
        &8_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &COPYRIGHT.to_le_bytes(),
        &ASCII.to_le_bytes(),
        &length.to_le_bytes(),
        &value,
        &0_u32.to_le_bytes(),
        behind,
    ]
    .concat()
}
