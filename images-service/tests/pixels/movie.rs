//! Decoded animations, of ours and of Pillow's.

use std::time::Duration;

use safelight_images::{
    deadline::Deadline,
    decode::{DecodeLimits, JpegDecoder, Options, Shrink, inspect, pixels},
    options::Frames,
    picture::LoopCount,
};

use crate::{pillow::python, request::mean_error};

/// The frames of an animation as straight RGBA.
pub(crate) struct Movie {
    pub(crate) size: (u32, u32),
    pub(crate) frames: Vec<Vec<u8>>,
    /// In milliseconds.
    pub(crate) delays: Vec<u32>,
    /// 0 is without end.
    pub(crate) plays: u32,
}

impl Movie {
    /// Compares visible pixels alone: transparent ones are equal whatever their colour.
    pub(crate) fn assert_looks_like(&self, other: &Self, name: &str) {
        assert_eq!(self.size, other.size, "{name}");
        assert_eq!(self.frames.len(), other.frames.len(), "{name}");
        for (number, (a, b)) in self.frames.iter().zip(&other.frames).enumerate() {
            let differs = a
                .chunks(4)
                .zip(b.chunks(4))
                .position(|(a, b)| a != b && (a[3], b[3]) != (0, 0));
            assert_eq!(differs, None, "{name}: a pixel of frame {number}");
        }
    }

    pub(crate) fn mean_error(&self, other: &Self) -> f64 {
        let visible = |movie: &Self| -> Vec<u8> {
            let pixels = movie.frames.iter().flat_map(|frame| frame.chunks(4));
            pixels
                .flat_map(|pixel| {
                    if pixel[3] == 0 {
                        [0; 4]
                    } else {
                        pixel.try_into().unwrap()
                    }
                })
                .collect()
        };
        mean_error(&visible(self), &visible(other))
    }
}

/// Decodes an animation with our decoders.
pub(crate) fn decoded(file: &[u8], frames: Frames) -> Movie {
    let header = inspect(file, frames, &DecodeLimits::default()).unwrap();
    let deadline = Deadline::new(Duration::MAX);
    let picture = pixels(file, &header, options(&deadline), Ok)
        .unwrap()
        .picture;
    Movie {
        size: (picture.size().width, picture.size().height),
        frames: picture
            .frames()
            .map(|frame| frame.image.clone().into_rgba().into_data())
            .collect(),
        delays: picture.frames().map(|frame| frame.delay).collect(),
        plays: match picture.loop_count() {
            LoopCount::Infinite => 0,
            LoopCount::Finite(times) => times.get(),
        },
    }
}

/// Decodes at full size and without a limit of time.
pub(crate) fn options(deadline: &Deadline) -> Options<'_> {
    Options {
        shrink: Shrink::NONE,
        jpeg: JpegDecoder::default(),
        deadline,
    }
}

/// Runs code that makes `frames`, and writes them with Pillow. Returns the file and the drawn frames.
pub(crate) fn made_by_pillow(make: &str, arguments: &str) -> (Vec<u8>, Movie) {
    let code = format!(
        "{make}\nout = io.BytesIO()\n\
         frames[0].save(out, {arguments}, save_all=True, append_images=frames[1:])\n\
         file = out.getvalue()\nput(len(file).to_bytes(4, 'big') + file)\n\
         delays, plays = [0] * len(frames), 0\n{TELL}"
    );
    let bytes = python(&code, &[]);
    let (length, rest) = bytes.split_at(4);
    let (file, told) = rest.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
    (file.to_vec(), movie(told))
}

/// Decodes an animation with Pillow.
pub(crate) fn seen_by_pillow(file: &[u8]) -> Movie {
    let code = format!(
        "im = Image.open(io.BytesIO(data))\nframes, delays = [], []\n\
         plays = im.info.get('loop', 1)\n\
         for n in range(getattr(im, 'n_frames', 1)):\n    \
             im.seek(n); im.load(); frames.append(im.convert('RGBA')); delays.append(im.info.get('duration', 0))\n\
         {TELL}"
    );
    movie(&python(&code, file))
}

const TELL: &str = "numbers = [*frames[0].size, int(plays), len(frames), *map(int, delays)]\n\
    for n in numbers: put(n.to_bytes(4, 'big'))\n\
    for f in frames: put(f.tobytes())\n";

fn movie(told: &[u8]) -> Movie {
    let (numbers, _) = told.as_chunks::<4>();
    let mut numbers = numbers.iter().map(|number| u32::from_be_bytes(*number));
    let mut next = || numbers.next().unwrap();
    let (size, plays, count) = ((next(), next()), next(), next() as usize);
    let delays = (0..count).map(|_| next()).collect();
    let pixels = &told[(4 + count) * 4..];
    Movie {
        size,
        frames: pixels
            .chunks((size.0 * size.1 * 4) as usize)
            .map(<[u8]>::to_vec)
            .collect(),
        delays,
        plays,
    }
}
