//! A palette for pixels of any alpha: median cut, then k-means, then Floyd-Steinberg error diffusion (1976).
//!
//! Colours are compared premultiplied. In straight colours, a pixel with little alpha may be far from its entry.

mod centroid;
mod median_cut;

use quantette::{
    PaletteBuf,
    color_map::{IndexedColorMap, NearestNeighborColorMap},
    deps::palette::Srgba,
};

use self::centroid::Centroid;
use super::{CLEAR, Indexed, PaletteError};
use crate::{image::Image, options::Size};

/// Red, green and blue premultiplied by alpha, and alpha; each from 0 to 255.
type Premultiplied = [f32; 4];
type Nearest = NearestNeighborColorMap<Srgba<f32>, f32, 4>;

/// The number of pixels that the palette is computed from, at most.
const MAX_SAMPLES: usize = 1 << 16;
/// The number of steps of k-means. Further steps change next to nothing.
const KMEANS_STEPS: usize = 4;

/// Returns the palette of a picture with alpha, and the index of each of its pixels.
pub(in crate::encode) fn translucent(image: &Image) -> Result<Indexed, PaletteError> {
    let pixels = || image.data().chunks_exact(4).map(premultiplied);
    let step = image.size().pixels().div_ceil(MAX_SAMPLES).max(1);
    let samples: Vec<Premultiplied> = pixels().step_by(step).collect();
    let mut entries = median_cut::centroids(samples.clone(), 255);
    for _ in 0..KMEANS_STEPS {
        entries = kmeans_step(&entries, &samples)?;
    }
    // An alpha above 250 becomes opaque. The difference is invisible, and opaque pixels stay opaque.
    for entry in entries.iter_mut().filter(|entry| entry[3] > 250.0) {
        entry[3] = OPAQUE;
    }
    // Fully transparent pixels keep an entry of their own, even if no sample has been one.
    entries.push([0.0; 4]);
    let indices = dithered(image.size(), pixels(), &NearestColor::new(&entries)?);
    Ok(Indexed {
        colors: entries.into_iter().map(straight).collect(),
        indices,
    })
}

fn premultiplied(rgba: &[u8]) -> Premultiplied {
    let alpha = f32::from(rgba[3]);
    let [r, g, b] = [rgba[0], rgba[1], rgba[2]].map(|channel| f32::from(channel) * alpha / 255.0);
    [r, g, b, alpha]
}

fn straight(color: Premultiplied) -> [u8; 4] {
    let [r, g, b, alpha] = color;
    if alpha < 0.5 {
        return CLEAR;
    }
    let [r, g, b] = [r, g, b].map(|channel| to_byte(channel * 255.0 / alpha));
    [r, g, b, to_byte(alpha)]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

/// Finds the nearest entry of a colour. An opaque pixel gets an opaque entry, so that no error of colour makes a hole.
struct NearestColor {
    all: Nearest,
    opaque: Option<Nearest>,
    /// The palette indices of the opaque entries.
    numbers: Vec<u8>,
}

impl NearestColor {
    fn new(entries: &[Premultiplied]) -> Result<Self, PaletteError> {
        let opaque = (0_u8..=255)
            .zip(entries)
            .filter(|(_, entry)| entry[3] >= OPAQUE);
        let (numbers, opaque): (Vec<u8>, Vec<Premultiplied>) = opaque.unzip();
        Ok(Self {
            all: nearest(entries)?,
            opaque: (!opaque.is_empty()).then(|| nearest(&opaque)).transpose()?,
            numbers,
        })
    }

    /// Returns the index of the nearest entry, and the entry.
    fn nearest(&self, target: Premultiplied) -> (u8, Premultiplied) {
        let color = Srgba::from(target);
        let number = match &self.opaque {
            Some(opaque) if target[3] >= OPAQUE => {
                let index = usize::from(opaque.palette_index(&color));
                self.numbers.get(index).copied()
            }
            Some(_) | None => None,
        };
        let number = number.unwrap_or_else(|| self.all.palette_index(&color));
        let entry = self.all.palette().get(usize::from(number));
        (number, entry.map_or(target, |entry| (*entry).into()))
    }
}

/// The alpha from which a pixel counts as opaque.
const OPAQUE: f32 = 255.0;

fn nearest(entries: &[Premultiplied]) -> Result<Nearest, PaletteError> {
    let entries: Vec<Srgba<f32>> = entries.iter().copied().map(Srgba::from).collect();
    let palette = PaletteBuf::new(entries).map_err(|_| PaletteError::new("it has no colours"))?;
    Ok(Nearest::new(palette))
}

/// Does one step of k-means: each entry moves to the centroid of the samples that are nearest to it. An entry without
/// samples stays.
fn kmeans_step(
    entries: &[Premultiplied],
    samples: &[Premultiplied],
) -> Result<Vec<Premultiplied>, PaletteError> {
    let nearest = nearest(entries)?;
    let mut centroids = vec![Centroid::default(); entries.len()];
    for sample in samples {
        let index = nearest.palette_index(&Srgba::from(*sample));
        if let Some(centroid) = centroids.get_mut(usize::from(index)) {
            centroid.add(*sample);
        }
    }
    let pairs = entries.iter().zip(centroids);
    Ok(pairs
        .map(|(entry, centroid)| centroid.get().unwrap_or(*entry))
        .collect())
}

/// Returns the index of each pixel, with Floyd-Steinberg error diffusion, row by row from left to right.
fn dithered(
    size: Size,
    pixels: impl Iterator<Item = Premultiplied>,
    entries: &NearestColor,
) -> Vec<u8> {
    let width = size.width as usize;
    let mut indices = Vec::with_capacity(size.pixels());
    // The error that is diffused to a row, with a place beyond each end.
    let mut row = vec![[0.0; 4]; width + 2];
    let mut below = row.clone();
    for (at, pixel) in pixels.enumerate() {
        let x = at % width + 1;
        if x == 1 && at > 0 {
            std::mem::swap(&mut row, &mut below);
            below.fill([0.0; 4]);
        }
        let target = target(pixel, row[x]);
        let (number, got) = entries.nearest(target);
        indices.push(number);
        let error: Premultiplied = std::array::from_fn(|channel| target[channel] - got[channel]);
        diffuse_error(&mut row[x + 1], error, 7.0 / 16.0);
        diffuse_error(&mut below[x - 1], error, 3.0 / 16.0);
        diffuse_error(&mut below[x], error, 5.0 / 16.0);
        diffuse_error(&mut below[x + 1], error, 1.0 / 16.0);
    }
    indices
}

/// Adds the diffused error to a pixel. Transparent and opaque pixels keep their alpha, and no channel exceeds it.
fn target(pixel: Premultiplied, error: Premultiplied) -> Premultiplied {
    let alpha = match pixel[3] {
        0.0 => return pixel,
        OPAQUE => OPAQUE,
        alpha => (alpha + error[3]).clamp(0.0, 255.0),
    };
    let channel = |at: usize| (pixel[at] + error[at]).clamp(0.0, alpha);
    [channel(0), channel(1), channel(2), alpha]
}

fn diffuse_error(place: &mut Premultiplied, error: Premultiplied, share: f32) {
    for (place, error) in place.iter_mut().zip(error) {
        *place += error * share;
    }
}
