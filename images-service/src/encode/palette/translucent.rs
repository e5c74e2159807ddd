//! A palette for pixels of every degree of transparency, and the error of each carried on to its neighbours.
//!
//! Colours are compared as they are seen, multiplied by their alpha: what is hardly there may be far from its entry.

mod boxes;
mod middle;

use quantette::{
    PaletteBuf,
    color_map::{IndexedColorMap, NearestNeighborColorMap},
    deps::palette::Srgba,
};

use self::middle::Middle;
use super::{CLEAR, Failure, Indexed};
use crate::{image::Image, options::Size};

/// Red, green and blue multiplied by alpha, and alpha: each 0 to 255.
type Seen = [f32; 4];
type Nearest = NearestNeighborColorMap<Srgba<f32>, f32, 4>;

/// Pixels that the palette is chosen by: enough to find what there is, and few enough to go through several times.
const SAMPLES: usize = 1 << 16;
/// How often the entries move to the middle of what is nearest to them; further rounds change next to nothing.
const ROUNDS: usize = 4;

/// The palette of a picture with alpha, and an entry for each of its pixels.
pub(in crate::encode) fn translucent(image: &Image) -> Result<Indexed, Failure> {
    let seen = || image.data().chunks_exact(4).map(seen);
    let step = image.size().pixels().div_ceil(SAMPLES).max(1);
    let samples: Vec<Seen> = seen().step_by(step).collect();
    let mut entries = boxes::middles(samples.clone(), 255);
    for _ in 0..ROUNDS {
        entries = moved(&entries, &samples)?;
    }
    // Nobody sees a touch of transparency, but what was opaque has to stay so.
    for entry in entries.iter_mut().filter(|entry| entry[3] > 250.0) {
        entry[3] = OPAQUE;
    }
    // What is not there at all stays so, whatever the samples have missed.
    entries.push([0.0; 4]);
    let indices = dithered(image.size(), seen(), &Entries::new(&entries)?);
    Ok(Indexed {
        colors: entries.into_iter().map(straight).collect(),
        indices,
    })
}

fn seen(rgba: &[u8]) -> Seen {
    let alpha = f32::from(rgba[3]);
    let [r, g, b] = [rgba[0], rgba[1], rgba[2]].map(|channel| f32::from(channel) * alpha / 255.0);
    [r, g, b, alpha]
}

fn straight(seen: Seen) -> [u8; 4] {
    let [r, g, b, alpha] = seen;
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

/// The entries for what is wholly there, and all of them for the rest: no error of colour makes a hole.
struct Entries {
    all: Nearest,
    opaque: Option<Nearest>,
    /// Which of all entries the opaque ones are.
    numbers: Vec<u8>,
}

impl Entries {
    fn new(entries: &[Seen]) -> Result<Self, Failure> {
        let opaque = (0_u8..=255)
            .zip(entries)
            .filter(|(_, entry)| entry[3] >= OPAQUE);
        let (numbers, opaque): (Vec<u8>, Vec<Seen>) = opaque.unzip();
        Ok(Self {
            all: nearest(entries)?,
            opaque: (!opaque.is_empty()).then(|| nearest(&opaque)).transpose()?,
            numbers,
        })
    }

    /// The number of the entry that is nearest, and the entry.
    fn nearest(&self, wanted: Seen) -> (u8, Seen) {
        let color = Srgba::from(wanted);
        let number = match &self.opaque {
            Some(opaque) if wanted[3] >= OPAQUE => {
                let index = usize::from(opaque.palette_index(&color));
                self.numbers.get(index).copied()
            }
            Some(_) | None => None,
        };
        let number = number.unwrap_or_else(|| self.all.palette_index(&color));
        let entry = self.all.palette().get(usize::from(number));
        (number, entry.map_or(wanted, |entry| (*entry).into()))
    }
}

/// The alpha of what is wholly there.
const OPAQUE: f32 = 255.0;

fn nearest(entries: &[Seen]) -> Result<Nearest, Failure> {
    let entries: Vec<Srgba<f32>> = entries.iter().copied().map(Srgba::from).collect();
    let palette = PaletteBuf::new(entries).map_err(|_| Failure::new("it has no colours"))?;
    Ok(Nearest::new(palette))
}

/// Every entry in the middle of the samples that are nearest to it; one without any stays.
fn moved(entries: &[Seen], samples: &[Seen]) -> Result<Vec<Seen>, Failure> {
    let nearest = nearest(entries)?;
    let mut middles = vec![Middle::default(); entries.len()];
    for sample in samples {
        let index = nearest.palette_index(&Srgba::from(*sample));
        if let Some(middle) = middles.get_mut(usize::from(index)) {
            middle.add(*sample);
        }
    }
    let moved = entries.iter().zip(middles);
    Ok(moved
        .map(|(entry, middle)| middle.get().unwrap_or(*entry))
        .collect())
}

/// The entry of each pixel by Floyd and Steinberg, row by row from left to right.
fn dithered(size: Size, pixels: impl Iterator<Item = Seen>, entries: &Entries) -> Vec<u8> {
    let width = size.width as usize;
    let mut indices = Vec::with_capacity(size.pixels());
    // What a row is owed, with a place beyond each end.
    let mut row = vec![[0.0; 4]; width + 2];
    let mut below = row.clone();
    for (at, pixel) in pixels.enumerate() {
        let x = at % width + 1;
        if x == 1 && at > 0 {
            std::mem::swap(&mut row, &mut below);
            below.fill([0.0; 4]);
        }
        let wanted = wanted(pixel, row[x]);
        let (number, got) = entries.nearest(wanted);
        indices.push(number);
        let error: Seen = std::array::from_fn(|channel| wanted[channel] - got[channel]);
        owe(&mut row[x + 1], error, 7.0 / 16.0);
        owe(&mut below[x - 1], error, 3.0 / 16.0);
        owe(&mut below[x], error, 5.0 / 16.0);
        owe(&mut below[x + 1], error, 1.0 / 16.0);
    }
    indices
}

/// A pixel with what it is owed. What is not there, or is wholly there, stays so; nothing shines brighter than its alpha.
fn wanted(pixel: Seen, owed: Seen) -> Seen {
    let alpha = match pixel[3] {
        0.0 => return pixel,
        OPAQUE => OPAQUE,
        alpha => (alpha + owed[3]).clamp(0.0, 255.0),
    };
    let channel = |at: usize| (pixel[at] + owed[at]).clamp(0.0, alpha);
    [channel(0), channel(1), channel(2), alpha]
}

fn owe(place: &mut Seen, error: Seen, share: f32) {
    for (place, error) in place.iter_mut().zip(error) {
        *place += error * share;
    }
}
