//! AVIF of any depth: whole pictures of one coding, at so small a loss that they can be told apart.

use avif_serialize::{Aviffy, constants::MatrixCoefficients};
use rav1e::prelude::{
    ChromaSampling, Config, Context, EncoderConfig, EncoderStatus, Pixel, PixelRange, Plane,
};

/// The coding of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) depth: u8,
    pub(crate) chroma: ChromaSampling,
    pub(crate) range: PixelRange,
}

/// A file of which every sample is given as a part of the largest one, by its plane and its place there, from 0 to 1.
pub(crate) fn avif(
    coding: Coding,
    (width, height): (usize, usize),
    sample: impl Fn(usize, f64, f64) -> f64,
) -> Result<Vec<u8>, String> {
    let data = match coding.depth {
        8 => coded::<u8>(coding, (width, height), sample),
        _ => coded::<u16>(coding, (width, height), sample),
    }?;
    let (subsampled, gray) = match coding.chroma {
        ChromaSampling::Cs420 => ((true, true), false),
        ChromaSampling::Cs422 => ((true, false), false),
        ChromaSampling::Cs444 => ((false, false), false),
        ChromaSampling::Cs400 => ((true, true), true),
    };
    // Twelve bits, and chroma of half the width, are of the last profile only.
    let profile = match (coding.depth, coding.chroma) {
        (12, _) | (_, ChromaSampling::Cs422) => 2,
        (_, ChromaSampling::Cs444) => 1,
        _ => 0,
    };
    let side = |side: usize| u32::try_from(side).map_err(|error| error.to_string());
    let (width, height) = (side(width)?, side(height)?);
    Ok(Aviffy::new()
        .set_matrix_coefficients(MatrixCoefficients::Bt601)
        .set_full_color_range(matches!(coding.range, PixelRange::Full))
        .set_chroma_subsampling(subsampled)
        .set_monochrome(gray)
        .set_seq_profile(profile)
        .to_vec(&data, None, width, height, coding.depth))
}

fn coded<T: Pixel>(
    coding: Coding,
    (width, height): (usize, usize),
    sample: impl Fn(usize, f64, f64) -> f64,
) -> Result<Vec<u8>, String> {
    let encoder = EncoderConfig {
        width,
        height,
        bit_depth: coding.depth.into(),
        chroma_sampling: coding.chroma,
        pixel_range: coding.range,
        still_picture: true,
        quantizer: 4,
        min_quantizer: 4,
        ..EncoderConfig::with_speed_preset(10)
    };
    let config = Config::new().with_encoder_config(encoder).with_threads(1);
    let mut context: Context<T> = config.new_context().map_err(|error| error.to_string())?;
    let mut frame = context.new_frame();
    for (index, plane) in frame.planes.iter_mut().enumerate() {
        fill(plane, coding, |x, y| sample(index, x, y));
    }
    let refused = |status: EncoderStatus| format!("the encoder has no picture: {status:?}");
    context.send_frame(frame).map_err(refused)?;
    context.flush();
    loop {
        match context.receive_packet() {
            Ok(packet) => return Ok(packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(other) => return Err(refused(other)),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn fill<T: Pixel>(plane: &mut Plane<T>, coding: Coding, sample: impl Fn(f64, f64) -> f64) {
    let (columns, rows) = (plane.cfg.width, plane.cfg.height);
    let length = if coding.depth == 8 { 1 } else { 2 };
    let largest = f64::from((1_u32 << coding.depth) - 1);
    let mut bytes = Vec::with_capacity(columns * rows * length);
    for y in 0..rows {
        for x in 0..columns {
            let value = sample(x as f64 / columns as f64, y as f64 / rows as f64);
            let value = (value * largest).round() as u16;
            bytes.extend_from_slice(&value.to_le_bytes()[..length]);
        }
    }
    // Without chroma a plane has no columns.
    if !bytes.is_empty() {
        plane.copy_from_raw_u8(&bytes, columns * length, length);
    }
}
