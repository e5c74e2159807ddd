//! PNG: true colour without loss, or a palette if the request names a quality.

use png::{BitDepth, ColorType, Compression, Encoder};
use safelight_protocol::Format;

use super::{
    LOSSLESS, failed,
    palette::{self, Indexed},
};
use crate::{
    error::ServiceError,
    image::{Channels, Image},
    options::Size,
};

/// Encodes a picture with its alpha. With an explicit quality below 100 the result has a palette, unless the palette's
/// error exceeds what the quality allows.
pub(super) fn encode(image: &Image, quality: Option<u8>) -> Result<Vec<u8>, ServiceError> {
    let reduced = match quality {
        None | Some(LOSSLESS) => None,
        Some(quality) => reduced(image, quality)?,
    };
    let written = match &reduced {
        Some(indexed) => write_indexed(image.size(), indexed),
        None => write_true(image),
    };
    written.map_err(|error| failed(Format::Png, image.size(), error))
}

/// Encodes the alpha of a picture as a grey picture.
pub(crate) fn mask(image: &Image) -> Result<Vec<u8>, ServiceError> {
    let size = image.size();
    let alpha = match image.channels() {
        Channels::Rgb => vec![255; size.pixels()],
        Channels::Rgba => image.data().chunks_exact(4).map(|rgba| rgba[3]).collect(),
    };
    let write = || {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, size.width, size.height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&alpha)?;
        writer.finish()?;
        Ok(bytes)
    };
    write().map_err(|error: png::EncodingError| failed(Format::Png, size, error))
}

fn write_true(image: &Image) -> Result<Vec<u8>, png::EncodingError> {
    let size = image.size();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(match image.channels() {
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.data())?;
    writer.finish()?;
    Ok(bytes)
}

fn write_indexed(size: Size, indexed: &Indexed) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(ColorType::Indexed);
    let depth = depth(indexed.colors.len());
    encoder.set_depth(depth);
    encoder.set_palette(
        indexed
            .colors
            .iter()
            .flat_map(|color| [color[0], color[1], color[2]])
            .collect::<Vec<_>>(),
    );
    if indexed.colors.iter().any(|color| color[3] != 255) {
        let alpha: Vec<u8> = indexed.colors.iter().map(|color| color[3]).collect();
        encoder.set_trns(alpha);
    }
    encoder.set_compression(Compression::Balanced);
    // Filters predict samples, and a difference of indices predicts nothing.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&packed(size, indexed, depth))?;
    writer.finish()?;
    Ok(bytes)
}

const fn depth(colors: usize) -> BitDepth {
    match colors {
        0..=2 => BitDepth::One,
        3..=4 => BitDepth::Two,
        5..=16 => BitDepth::Four,
        _ => BitDepth::Eight,
    }
}

/// Packs indices of less than a byte, the first one into the upper bits. Each row begins with a new byte.
fn packed(size: Size, indexed: &Indexed, depth: BitDepth) -> Vec<u8> {
    let bits = depth as usize;
    if bits == 8 {
        return indexed.indices.clone();
    }
    let row = |row: &[u8]| -> Vec<u8> {
        row.chunks(8 / bits)
            .map(|group| {
                group
                    .iter()
                    .enumerate()
                    .fold(0, |byte, (at, index)| byte | index << (8 - bits * (at + 1)))
            })
            .collect()
    };
    indexed
        .indices
        .chunks(size.width.max(1) as usize)
        .flat_map(row)
        .collect()
}

/// Returns a palette whose error the quality allows; `None` if there is none.
fn reduced(image: &Image, quality: u8) -> Result<Option<Indexed>, ServiceError> {
    if let Some(exact) = palette::exact(image) {
        return Ok(Some(exact));
    }
    let broken = |error| failed(Format::Png, image.size(), error);
    let allowed = allowed_error(quality);
    let is_translucent = |pixel: &[u8]| !matches!(pixel[3], 0 | 255);
    if image.channels() == Channels::Rgba && image.data().chunks_exact(4).any(is_translucent) {
        let indexed = palette::translucent(image).map_err(broken)?;
        return Ok((composed_error(image, &indexed) <= allowed).then_some(indexed));
    }
    let pixels = image
        .data()
        .chunks_exact(image.channels().count())
        .map(|pixel| match pixel {
            [_, _, _, 0] => None,
            pixel => Some([pixel[0], pixel[1], pixel[2]]),
        });
    let indexed = palette::quantize_with_mask(image.size(), pixels.clone()).map_err(broken)?;
    Ok((error(pixels, &indexed) <= allowed).then_some(indexed))
}

/// Returns the mean squared error of a channel over the visible pixels.
fn error(pixels: impl Iterator<Item = Option<[u8; 3]>>, indexed: &Indexed) -> f64 {
    let mut mean = Mean::default();
    for (pixel, index) in pixels.zip(&indexed.indices) {
        let Some(pixel) = pixel else { continue };
        let color = indexed.colors.get(usize::from(*index)).copied();
        mean.add(pixel.iter().zip(&color.unwrap_or_default()));
    }
    mean.get()
}

/// Returns the mean squared error of a channel over pixels composed on black, and of alpha itself.
fn composed_error(image: &Image, indexed: &Indexed) -> f64 {
    let on_black = |[r, g, b, alpha]: [u8; 4]| {
        let dark = |channel: u8| u8::try_from(u16::from(channel) * u16::from(alpha) / 255);
        [r, g, b].map(|channel| dark(channel).unwrap_or(channel))
    };
    let colors: Vec<_> = indexed
        .colors
        .iter()
        .map(|color| (on_black(*color), color[3]))
        .collect();
    let mut mean = Mean::default();
    for (pixel, index) in image.data().chunks_exact(4).zip(&indexed.indices) {
        let (pixel, alpha) = (on_black([pixel[0], pixel[1], pixel[2], pixel[3]]), pixel[3]);
        let (color, other) = colors.get(usize::from(*index)).copied().unwrap_or_default();
        if alpha == 0 && other == 0 {
            continue;
        }
        mean.add(pixel.iter().zip(&color));
        mean.add([(&alpha, &other)]);
    }
    mean.get()
}

/// A mean of squared differences.
#[derive(Default)]
struct Mean {
    sum: u64,
    count: u64,
}

impl Mean {
    fn add<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a u8, &'a u8)>) {
        for (a, b) in pairs {
            self.sum += u64::from(a.abs_diff(*b)).pow(2);
            self.count += 1;
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a mean of squares needs no 53 bits"
    )]
    fn get(&self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }
}

/// Returns the largest mean squared error that a quality allows: the square of 6 at 90, of 11 at 70, of 16 at 50.
fn allowed_error(quality: u8) -> f64 {
    (3.5 + f64::from(LOSSLESS.saturating_sub(quality)) / 4.0).powi(2)
}

#[cfg(test)]
mod tests {
    use png::BitDepth;

    use super::{allowed_error, packed};
    use crate::{encode::palette::Indexed, options::Size};

    #[test]
    fn small_indices_share_a_byte_and_rows_do_not() {
        let indexed = Indexed {
            colors: Vec::new(),
            indices: vec![1, 0, 1, 3, 2, 1],
        };
        let size = Size::new(3, 2);
        assert_eq!(
            packed(size, &indexed, BitDepth::Two),
            [0b0100_0100, 0b1110_0100]
        );
        assert_eq!(packed(size, &indexed, BitDepth::Eight), indexed.indices);
        assert_eq!(
            packed(size, &indexed, BitDepth::Four),
            [0x10, 0x10, 0x32, 0x10]
        );
    }

    #[test]
    fn more_quality_allows_less_error() {
        assert!(
            (1..100).all(|quality| allowed_error(quality) > allowed_error(quality + 1)),
            "at every step"
        );
    }
}
