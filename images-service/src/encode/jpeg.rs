//! JPEG with 4:2:0 chroma and optimised Huffman tables, progressive or sequential.

use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};
use safelight_protocol::{Format, extension::JpegScan};

use super::failed;
use crate::{
    error::ServiceError,
    image::Image,
    metadata::{Metadata, copyright_exif},
};

/// The smallest area of a progressive file in pixels. Below it, a progressive file is only larger.
const MIN_PROGRESSIVE_AREA: u64 = 50 * 50;

/// The largest area of a progressive file in pixels. Above it, a progressive file costs its reader too much memory.
const MAX_PROGRESSIVE_AREA: u64 = 3000 * 3000;

/// Encodes an opaque picture.
pub(super) fn encode(
    image: &Image,
    quality: u8,
    scan: Option<JpegScan>,
    metadata: &Metadata,
) -> Result<Vec<u8>, ServiceError> {
    let size = image.size();
    let copyright = || metadata.copyright.as_deref().map(copyright_exif);
    let exif = metadata.exif.clone().or_else(copyright);
    let progressive = match scan {
        Some(JpegScan::Baseline) => false,
        None => (MIN_PROGRESSIVE_AREA..=MAX_PROGRESSIVE_AREA).contains(&size.area()),
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
