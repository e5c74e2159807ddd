//! See `safelight_images::fuzzing::image`.
#![no_main]

use safelight_images::{fuzzing::image, limits::JpegDecoder};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| image(bytes, "image/jpeg", JpegDecoder::Zune));
