//! SSIMULACRA2 of what both sides wrote, against the exact result.

use std::path::Path;

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image as Plane,
};
use serde_json::{Value, json};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::{
    Outcome,
    job::{Job, Judged},
    measure::Measured,
    ours, sharp,
};

/// The scores of both sides, ours first; 100 is identical, 90 is hard to tell apart.
pub(crate) type Scores = Option<(f64, f64)>;

/// Scores both results of a job, if it is judged.
pub(crate) fn scores(
    job: &Job,
    ours: &Measured,
    theirs: &Measured,
    folder: &Path,
) -> Outcome<Scores> {
    if job.judged == Judged::Not {
        return Ok(None);
    }
    let reference = Reference::new(job, folder)?;
    Ok(Some((
        reference.score(&ours.result, folder)?,
        reference.score(&theirs.result, folder)?,
    )))
}

/// Returns the options for sharp's encoder: those of the job, or the largest quality whose score is not above ours.
pub(crate) fn sharp_options(job: &Job, folder: &Path) -> Outcome<Value> {
    if job.judged != Judged::Equal {
        return Ok(job.sharp.1.clone());
    }
    let reference = Reference::new(job, folder)?;
    let ours = reference.score(&ours::measure(&job.once(), 1, folder)?.result, folder)?;
    let at = |quality: u8| json!({ "quality": quality });
    // The largest quality whose score is not above ours: any error of the search is in sharp's favour.
    let (mut low, mut high) = (20, 95);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let theirs = once(job, &at(middle), folder)?;
        if reference.score(&theirs, folder)? > ours {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(at(low))
}

fn once(job: &Job, options: &Value, folder: &Path) -> Outcome<Vec<u8>> {
    let measured = sharp::measure(&job.once(), options, 1, folder)?;
    Ok(measured.result)
}

/// The lossless result of a job: decoded in full, and reduced by Lanczos3 in floating point.
pub(crate) struct Reference {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Reference {
    pub(crate) fn new(job: &Job, folder: &Path) -> Outcome<Self> {
        let source = std::fs::read(&job.input)?;
        let mut decoder =
            zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&source));
        decoder
            .decode_headers()
            .map_err(|error| error.to_string())?;
        let (width, height) = decoder.dimensions().ok_or("no dimensions")?;
        let floats = sharp::decode(&source, folder)?
            .iter()
            .flat_map(|value| (f32::from(*value) / 255.0).to_ne_bytes())
            .collect();
        let (to_width, to_height) = (
            job.width as usize,
            (height * job.width as usize).div_ceil(width),
        );
        let side = |value: usize| u32::try_from(value);
        let from = Plane::from_vec_u8(side(width)?, side(height)?, floats, PixelType::F32x3)?;
        let mut to = Plane::new(side(to_width)?, side(to_height)?, PixelType::F32x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&from, &mut to, &options)?;
        let values: Vec<f32> = to
            .buffer()
            .chunks_exact(4)
            .map(|bytes| {
                f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).clamp(0.0, 1.0)
            })
            .collect();
        let pixels = values
            .chunks_exact(3)
            .map(|rgb| [rgb[0], rgb[1], rgb[2]])
            .collect();
        Ok(Self {
            width: to_width,
            height: to_height,
            pixels,
        })
    }

    /// The score of an encoded image.
    pub(crate) fn score(&self, image: &[u8], folder: &Path) -> Outcome<f64> {
        let pixels: Vec<[f32; 3]> = sharp::decode(image, folder)?
            .chunks_exact(3)
            .map(|rgb| [0, 1, 2].map(|channel| f32::from(rgb[channel]) / 255.0))
            .collect();
        Ok(compute_frame_ssimulacra2(
            self.rgb(self.pixels.clone())?,
            self.rgb(pixels)?,
        )?)
    }

    fn rgb(&self, pixels: Vec<[f32; 3]>) -> Outcome<Rgb> {
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        Ok(Rgb::new(
            pixels,
            self.width,
            self.height,
            transfer,
            primaries,
        )?)
    }
}
