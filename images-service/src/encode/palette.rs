//! Reduces true colour to a palette: exact if there are few enough colours, else by Wu's quantiser (Wu 1991) with
//! Floyd-Steinberg error diffusion (1976).

mod count;
mod translucent;

use std::fmt;

use quantette::{
    ImageRef, PaletteBuf, PaletteSize, Pipeline, deps::palette::Srgb, dither::FloydSteinberg,
};

pub(super) use self::translucent::translucent;
use crate::{
    image::{Channels, Image},
    options::Size,
};

/// A picture of at most 256 colours.
pub(super) struct Indexed {
    /// The entries: straight red, green, blue and alpha.
    pub(super) colors: Vec<[u8; 4]>,
    /// The index of an entry for every pixel.
    pub(super) indices: Vec<u8>,
}

/// The palette entry of transparent pixels.
pub(super) const CLEAR: [u8; 4] = [0; 4];

/// Returns a palette in which every pixel keeps its colour and alpha; `None` if that takes more than 256 entries.
pub(super) fn exact(image: &Image) -> Option<Indexed> {
    match image.channels() {
        Channels::Rgb => count::colors(
            image
                .data()
                .chunks_exact(3)
                .map(|rgb| [rgb[0], rgb[1], rgb[2], 255]),
        ),
        Channels::Rgba => count::colors(
            image
                .data()
                .chunks_exact(4)
                .map(|rgba| [rgba[0], rgba[1], rgba[2], rgba[3]]),
        ),
    }
}

/// Quantises pixels, each of which is either opaque or transparent (`None`). All transparent pixels share one entry.
pub(super) fn quantize_with_mask(
    size: Size,
    pixels: impl Iterator<Item = Option<[u8; 3]>> + Clone,
) -> Result<Indexed, PaletteError> {
    let straight = pixels.clone().map(|pixel| match pixel {
        Some([r, g, b]) => [r, g, b, 255],
        None => CLEAR,
    });
    if let Some(exact) = count::colors(straight) {
        return Ok(exact);
    }
    quantize_wu(size, pixels)
}

/// Quantises the opaque pixels with Wu's quantiser, and diffuses the error of each pixel to its neighbours.
fn quantize_wu(
    size: Size,
    pixels: impl Iterator<Item = Option<[u8; 3]>> + Clone,
) -> Result<Indexed, PaletteError> {
    let visible: Vec<Srgb<u8>> = pixels.clone().flatten().map(Srgb::from).collect();
    let all = size.pixels();
    let hidden = visible.len() < all;
    let max_colors: u16 = if hidden { 255 } else { 256 };
    let pipeline = Pipeline::new()
        .palette_size(PaletteSize::try_from(max_colors).map_err(PaletteError::new)?)
        .ditherer(FloydSteinberg::new());
    if !hidden {
        let image = ImageRef::new(size.width, size.height, visible.as_slice())
            .map_err(PaletteError::new)?;
        let (colors, indices) = pipeline
            .input_image(image)
            .output_srgb8_indexed_image()
            .into_parts();
        return Ok(Indexed {
            colors: colors.into_iter().map(opaque).collect(),
            indices,
        });
    }
    let palette: PaletteBuf<Srgb<u8>> = pipeline
        .clone()
        .input_slice(&visible)
        .map_err(PaletteError::new)?
        .output_srgb8_palette();
    drop(visible);
    // The error of a transparent pixel must not reach an opaque one, so the former takes the colour of its neighbour.
    let mut last = Srgb::new(0, 0, 0);
    let filled: Vec<Srgb<u8>> = pixels
        .clone()
        .map(|pixel| {
            last = pixel.map_or(last, Srgb::from);
            last
        })
        .collect();
    let image =
        ImageRef::new(size.width, size.height, filled.as_slice()).map_err(PaletteError::new)?;
    let (colors, mut indices) = pipeline
        .quantize_method(palette)
        .input_image(image)
        .output_srgb8_indexed_image()
        .into_parts();
    let clear = u8::try_from(colors.len()).map_err(PaletteError::new)?;
    for (index, pixel) in indices.iter_mut().zip(pixels) {
        if pixel.is_none() {
            *index = clear;
        }
    }
    let colors = colors.into_iter().map(opaque).chain([CLEAR]).collect();
    Ok(Indexed { colors, indices })
}

fn opaque(color: Srgb<u8>) -> [u8; 4] {
    [color.red, color.green, color.blue, 255]
}

/// The reason why the library refused its input.
#[derive(Debug)]
pub(super) struct PaletteError(String);

impl PaletteError {
    fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for PaletteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no palette: {}", self.0)
    }
}

#[cfg(test)]
mod tests;
