//! Runs every file that a fuzzer began with, or that once made a target fail.

use std::{fs, path::Path};

use super::{
    color, encode, exif, font, form, image, jpeg_scaled, orders, profile, reports, run, svg,
    transform, transforms,
};
use crate::limits::JpegDecoder;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 20] = [
    ("form", form),
    ("transforms", transforms),
    ("color", color),
    ("jpeg", |bytes| {
        image(bytes, "image/jpeg", JpegDecoder::Turbo)
    }),
    ("jpeg_scaled", jpeg_scaled),
    ("jpeg_zune", |bytes| {
        image(bytes, "image/jpeg", JpegDecoder::Zune)
    }),
    ("png", |bytes| image(bytes, "image/png", JpegDecoder::Turbo)),
    ("webp", |bytes| {
        image(bytes, "image/webp", JpegDecoder::Turbo)
    }),
    ("gif", |bytes| image(bytes, "image/gif", JpegDecoder::Turbo)),
    ("avif", |bytes| {
        image(bytes, "image/avif", JpegDecoder::Turbo)
    }),
    ("heic", |bytes| {
        image(bytes, "image/heic", JpegDecoder::Turbo)
    }),
    ("exif", exif),
    ("profile", profile),
    ("font", font),
    ("svg", svg),
    ("reports", reports),
    ("run", run),
    ("orders", orders),
    ("transform", transform),
    ("encode", encode),
];

#[test]
fn no_file_of_the_corpus_panics() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in TARGETS {
        let mut files = 0;
        for entry in fs::read_dir(fuzz.join("corpus").join(name)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            target(&bytes);
            // A fuzzer tries prefixes first of all. An encoder takes a picture from any of them, and AVIF is slow.
            let prefixes = match name {
                "encode" => 8,
                _ => 64,
            };
            for length in 0..bytes.len().min(prefixes) {
                target(&bytes[..length]);
            }
            files += 1;
        }
        assert!(files > 0, "{name} has no corpus");
    }
}

#[test]
fn every_target_of_the_fuzzer_is_among_them() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let names = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("name = \""));
    // The package's own name comes first.
    let names: Vec<&str> = names
        .skip(1)
        .map(|name| name.trim_end_matches('"'))
        .collect();
    assert_eq!(names, TARGETS.map(|(name, _)| name));
}
