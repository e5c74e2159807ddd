//! The source images, made from the photograph of the examples.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use fast_image_resize::{PixelType, Resizer, images::Image as Plane};
use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

use crate::Outcome;

/// The paths of the source images.
pub(crate) struct Inputs {
    /// A JPEG of 12 megapixels.
    pub(crate) photo: PathBuf,
    /// A PNG of 3 megapixels whose alpha runs from left to right.
    pub(crate) alpha: PathBuf,
    /// A GIF of 40 frames of 480 by 360.
    pub(crate) animation: PathBuf,
}

const FRAMES: usize = 40;
const FRAME: (usize, usize) = (480, 360);

impl Inputs {
    pub(crate) fn make(folder: &Path) -> Outcome<Self> {
        let photo =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/thumbnail/photo.jpg");
        let (alpha, animation) = (folder.join("alpha.png"), folder.join("animation.gif"));
        if !alpha.exists() || !animation.exists() {
            let source = fs::read(&photo)?;
            let mut decoder = JpegDecoder::new(ZCursor::new(&source));
            let pixels = decoder.decode().map_err(|error| error.to_string())?;
            let (width, height) = decoder.dimensions().ok_or("no dimensions")?;
            let photo = Plane::from_vec_u8(side(width)?, side(height)?, pixels, PixelType::U8x3)?;
            write_alpha(&reduced(&photo, 2000, 1500)?, &alpha)?;
            write_animation(&reduced(&photo, 640, 480)?, &animation)?;
        }
        Ok(Self {
            photo,
            alpha,
            animation,
        })
    }
}

fn side(value: usize) -> Outcome<u32> {
    Ok(u32::try_from(value)?)
}

fn reduced(photo: &Plane<'_>, width: u32, height: u32) -> Outcome<Vec<u8>> {
    let mut to = Plane::new(width, height, PixelType::U8x3);
    Resizer::new().resize(photo, &mut to, None)?;
    Ok(to.into_vec())
}

fn write_alpha(rgb: &[u8], path: &Path) -> Outcome<()> {
    let (width, height) = (2000, 1500);
    let rgba: Vec<u8> = rgb
        .chunks_exact(3)
        .enumerate()
        .flat_map(|(at, rgb)| {
            let alpha = u8::try_from(at % width * 255 / (width - 1)).unwrap_or(255);
            [rgb[0], rgb[1], rgb[2], alpha]
        })
        .collect();
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), side(width)?, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&rgba)?;
    Ok(())
}

/// A window that wanders over the picture, in a palette of 6 reds, 7 greens and 6 blues with ordered dither.
fn write_animation(rgb: &[u8], path: &Path) -> Outcome<()> {
    let palette: Vec<u8> = (0..252_usize)
        .flat_map(|color| [color / 42 * 51, color / 6 % 7 * 255 / 6, color % 6 * 51])
        .map(|value| u8::try_from(value).unwrap_or(255))
        .collect();
    let (width, height) = (u16::try_from(FRAME.0)?, u16::try_from(FRAME.1)?);
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = gif::Encoder::new(file, width, height, &palette)?;
    encoder.set_repeat(gif::Repeat::Infinite)?;
    for number in 0..FRAMES {
        let (left, top) = (number * 4, number * 3);
        let pixels: Vec<u8> = (0..FRAME.1)
            .flat_map(|y| (0..FRAME.0).map(move |x| (x, y)))
            .map(|(x, y)| {
                let at = ((top + y) * 640 + left + x) * 3;
                nearest(&rgb[at..at + 3], x, y)
            })
            .collect();
        let mut frame = gif::Frame::from_indexed_pixels(width, height, pixels, None);
        frame.delay = 5;
        encoder.write_frame(&frame)?;
    }
    Ok(())
}

fn nearest(rgb: &[u8], x: usize, y: usize) -> u8 {
    const BAYER: [[usize; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let threshold = BAYER[y % 4][x % 4] * 255 / 16;
    let level = |value: u8, steps: usize| (usize::from(value) * steps + threshold) / 255;
    let color = level(rgb[0], 5) * 42 + level(rgb[1], 6) * 6 + level(rgb[2], 5);
    u8::try_from(color).unwrap_or(u8::MAX)
}
