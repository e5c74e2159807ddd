//! Entry points for fuzzers to EXIF and colour profiles. Inside of a file, checksums and compression hide these from a
//! fuzzer.

use super::{
    color::ToSrgb,
    raw::{ColorModel, RawImage, SampleBuffer},
};
use crate::{metadata::Exif, options::Size};

/// Reads EXIF, and the tags of it that may be kept.
pub(crate) fn exif(tiff: Vec<u8>) {
    let _kept = Exif::read(Some(tiff)).kept();
}

/// Converts a row of pixels by a profile. `kind` selects the colour model and the depth.
pub(crate) fn profile(kind: u8, icc: &[u8]) {
    const MODELS: [ColorModel; 5] = [
        ColorModel::Gray,
        ColorModel::GrayAlpha,
        ColorModel::Rgb,
        ColorModel::Rgba,
        ColorModel::Cmyk,
    ];
    const SIZE: Size = Size::new(8, 1);
    let model = MODELS[usize::from(kind) % MODELS.len()];
    let values = (0..).take(SIZE.pixels() * model.count());
    let mut colors = ToSrgb::new(Some(icc));
    // CMYK samples never have more than 8 bits.
    let sixteen = kind >= 128 && model != ColorModel::Cmyk;
    for _frame in 0..2 {
        let samples = match sixteen {
            true => SampleBuffer::Sixteen(
                values
                    .clone()
                    .map(|at: u16| at.wrapping_mul(2111))
                    .collect(),
            ),
            false => SampleBuffer::Eight(
                values
                    .clone()
                    .map(|at| at.wrapping_mul(67).to_le_bytes()[0])
                    .collect(),
            ),
        };
        let raw = RawImage {
            size: SIZE,
            model,
            samples,
        };
        let converted = colors.convert(raw);
        assert!(converted.is_ok_and(|(image, _)| image.size() == SIZE));
    }
}
