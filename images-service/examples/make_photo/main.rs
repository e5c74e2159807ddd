//! Draws the pictures that the example workers use: a landscape at dusk as a photograph of 12 megapixels, and a
//! darkroom lamp as a logo with transparency.
//!
//! ```sh
//! cargo run --release -p safelight-images --example make_photo -- photo.jpg logo.png
//! ```

mod lamp;
mod landscape;
mod noise;

use std::{error::Error, time::Duration};

use safelight_images::{
    deadline::Deadline,
    encode::encode,
    image::Image,
    metadata::Metadata,
    options::{Frames, Output},
};
use safelight_protocol::Format;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args_os().skip(1);
    let (Some(photo), Some(logo)) = (paths.next(), paths.next()) else {
        return Err("give two paths: for the photograph and for the logo".into());
    };
    std::fs::write(photo, written(landscape::paint(), Format::Jpeg)?)?;
    std::fs::write(logo, written(lamp::paint(), Format::Png)?)?;
    Ok(())
}

fn written(image: Option<Image>, format: Format) -> Result<Vec<u8>, Box<dyn Error>> {
    let image = image.ok_or("the picture has a wrong number of bytes")?;
    let output = Output {
        format,
        quality: None,
        background: None,
        frames: Frames::First,
        scan: None,
    };
    let deadline = Deadline::new(Duration::MAX);
    let written = encode(image.into(), &output, &Metadata::default(), &deadline)?;
    Ok(written.bytes)
}

/// A channel from 0 to 1 as a byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn to_byte(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

/// Interpolates between two colours. `at` is clamped to 0..1.
fn mix(from: [f32; 3], to: [f32; 3], at: f32) -> [f32; 3] {
    let at = at.clamp(0.0, 1.0);
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * at)
}

/// The smoothstep function: 0 below `from`, 1 above `to`, a cubic between them.
fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let at = ((value - from) / (to - from)).clamp(0.0, 1.0);
    at * at * (3.0 - 2.0 * at)
}
