//! See `safelight_images::fuzzing::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| safelight_images::fuzzing::run(bytes));
