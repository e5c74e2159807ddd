//! The calls of the service: their sizes and their number.

use std::fmt;
use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

use http::Request;
use http::header::CONTENT_TYPE;
use safelight_hop::{Body, body};
use safelight_protocol::{TRANSFORM_PATH, form};

use crate::call::Layers;

/// Bytes of an answer.
pub(crate) const SIZES: [usize; 4] = [1_000, 100_000, 3_300_000, 15_000_000];

/// The stand-in's paths: a number of bytes, with a digest that it computes, or without.
pub(crate) const VERIFIED_PATH: &str = "/verified/";
pub(crate) const PLAIN_PATH: &str = "/plain/";

const BOUNDARY: &str = "--------------------------000000000000000000000000";

/// A kind of work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Bytes in the memory of a stand-in for the images process. This measures the hop alone.
    Bytes,
    /// A picture that the images process decodes and answers as raw pixels. This is its least work on pixels.
    Pixels,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "Bytes at hand (a stand-in for the images process, with no work at all)",
            Self::Pixels => "Pixels (the images process: a PNG of one colour to rgba)",
        })
    }
}

impl Load {
    /// Rounds of a sitting, in each of which every way of calling has its turn.
    pub(crate) fn rounds(self, size: usize) -> usize {
        let budget = match self {
            Self::Bytes => 300_000_000,
            Self::Pixels => 90_000_000,
        };
        (budget / size).clamp(1, 300)
    }

    pub(crate) fn request(self, size: usize, layers: Layers) -> anyhow::Result<Request<Body>> {
        Ok(match self {
            Self::Bytes => {
                let path = match layers.integrity() {
                    true => VERIFIED_PATH,
                    false => PLAIN_PATH,
                };
                Request::post(format!("{path}{size}")).body(body::full(""))?
            }
            Self::Pixels => Request::post(TRANSFORM_PATH)
                .header(CONTENT_TYPE, form::content_type(BOUNDARY))
                .body(body::full(picture_form(size)?))?,
        })
    }
}

/// Makes a form whose result has about `size` bytes.
fn picture_form(size: usize) -> anyhow::Result<Vec<u8>> {
    let side = u32::try_from((size / 4).isqrt())?;
    let picture = image::RgbImage::from_pixel(side, side, image::Rgb([200, 80, 40]));
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png)?;
    let mut body = form::file_head(BOUNDARY, form::IMAGE).into_bytes();
    body.extend(png.into_inner());
    body.extend(form::PART_END.as_bytes());
    for (name, content) in [(form::TRANSFORMS, "[]"), (form::OUTPUT_FORMAT, "rgba")] {
        body.extend(form::string_part(BOUNDARY, name, content).as_bytes());
    }
    body.extend(form::tail(BOUNDARY).as_bytes());
    Ok(body)
}

/// Measures the median time of one checksum of `size` bytes.
pub(crate) fn digest_time(size: usize) -> Duration {
    let block: Vec<u8> = bytes(size);
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let started = Instant::now();
            black_box(crc_fast::crc32_iscsi(black_box(&block)));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Bytes without a pattern, the same every time.
pub(crate) fn bytes(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        bytes.extend_from_slice(&(state >> 16).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
