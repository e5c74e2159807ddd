//! See `safelight_images::fuzzing::jpeg_scaled`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| safelight_images::fuzzing::jpeg_scaled(bytes));
