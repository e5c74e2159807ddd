//! Compares the scaled decoder with libjpeg-turbo-rs, and verifies that a broken scan gives no picture.

use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};

use super::{super::turbo, DecodeError, RawImage, SampleBuffer, decode};
use crate::{
    decode::{DecodeLimits, Header, HeaderLimits, Shrink, jpeg::header},
    options::{Frames, Size},
};

const SAMPLINGS: [Option<Subsampling>; 5] = [
    None,
    Some(Subsampling::S444),
    Some(Subsampling::S422),
    Some(Subsampling::S440),
    Some(Subsampling::S420),
];

/// Encodes slopes, edges and noise, in grey without a subsampling.
fn file(size: Size, sampling: Option<Subsampling>, quality: u8, restart: u16) -> Vec<u8> {
    let channels = if sampling.is_some() { 3 } else { 1 };
    let mut noise = 1_u32;
    let mut pixels = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..channels {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let slope = (x * 3 + y * (2 + channel)) % 256;
                let edge = if (x / 11 + y / 7 + channel) % 3 == 0 {
                    0
                } else {
                    255
                };
                let value = [slope, edge, noise >> 24][(x / 23 + y / 19) as usize % 3];
                pixels.push(u8::try_from(value).unwrap());
            }
        }
    }
    let format = if channels == 3 {
        PixelFormat::Rgb
    } else {
        PixelFormat::Grayscale
    };
    let [width, height] = [size.width, size.height].map(|side| side as usize);
    Encoder::new(&pixels, width, height, format)
        .quality(quality)
        .subsampling(sampling.unwrap_or(Subsampling::S444))
        .restart_blocks(restart)
        .encode()
        .unwrap()
}

fn header_of(file: &[u8]) -> Header {
    let limits = DecodeLimits::default();
    let limits = HeaderLimits {
        limits: &limits,
        frames: Frames::First,
    };
    header(file, limits).ok().unwrap()
}

fn shrinks() -> impl Iterator<Item = Shrink> {
    (1..8).filter_map(Shrink::new)
}

fn bytes(raw: &RawImage) -> &[u8] {
    match &raw.samples {
        SampleBuffer::Eight(bytes) => bytes,
        SampleBuffer::Sixteen(_) => panic!("JPEG has eight bits"),
    }
}

/// Whether the scaled decoder leaves a file to the other decoder.
fn is_left(sampling: Option<Subsampling>, shrink: Shrink) -> bool {
    match sampling {
        Some(Subsampling::S440) => true,
        Some(Subsampling::S420) => shrink.eighths() > 4,
        Some(Subsampling::S422) => shrink.eighths() == 1,
        _ => false,
    }
}

/// Each sample is within one of the other decoder's, as both round; in a channel, luma's difference counts once and
/// chroma's up to 1.8 times.
#[test]
fn no_channel_is_further_than_three_from_libjpeg_turbo() {
    for (width, height) in [(1, 1), (2, 3), (7, 9), (16, 16), (17, 33), (131, 67)] {
        let size = Size::new(width, height);
        for sampling in SAMPLINGS {
            for (quality, restart) in [(95, 0), (60, 1), (20, 3)] {
                let file = file(size, sampling, quality, restart);
                let header = header_of(&file);
                for shrink in shrinks() {
                    let ours = decode(&file, size, shrink).ok().unwrap();
                    assert_eq!(ours.is_none(), is_left(sampling, shrink));
                    let Some(ours) = ours else {
                        continue;
                    };
                    let theirs = turbo(&file, &header, shrink).ok().unwrap();
                    assert_eq!((ours.size, ours.model), (theirs.size, theirs.model));
                    let what = format!("{size:?} {sampling:?} {quality} {shrink:?}");
                    let pairs = bytes(&ours).iter().zip(bytes(&theirs));
                    let distances: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
                    let most = if sampling.is_none() { 1 } else { 3 };
                    assert!(distances.iter().all(|distance| *distance <= most), "{what}");
                    let far = distances.iter().filter(|distance| **distance > 2).count();
                    assert!(far * 500 <= distances.len(), "{what}: {far}");
                    assert_eq!(bytes(&ours).len(), bytes(&theirs).len());
                }
            }
        }
    }
}

fn is_broken(file: &[u8], size: Size) -> bool {
    shrinks().all(|shrink| matches!(decode(file, size, shrink), Err(DecodeError::Broken(_))))
}

/// Returns the offset at which the scan's codes begin.
fn scan(file: &[u8]) -> usize {
    let marker = file
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    marker + 2 + usize::from(file[marker + 3])
}

#[test]
fn a_scan_without_its_last_byte_or_more_is_broken() {
    let size = Size::new(37, 21);
    for sampling in [None, Some(Subsampling::S444)] {
        for restart in [0, 2] {
            let file = file(size, sampling, 60, restart);
            for length in scan(&file)..file.len() - 2 {
                let cut = &file[..length];
                assert!(is_broken(cut, size), "cut to {length}");
                assert!(
                    is_broken(&[cut, &[0xFF, 0xD9]].concat(), size),
                    "cut to {length}"
                );
            }
        }
    }
}

#[test]
fn restart_markers_come_in_their_order() {
    let size = Size::new(64, 64);
    let file = file(size, None, 60, 4);
    let at = file
        .windows(2)
        .position(|pair| pair == [0xFF, 0xD3])
        .unwrap();
    let mut other = file.clone();
    other[at + 1] = 0xD4;
    assert!(is_broken(&other, size));
    let without = [&file[..at], &file[at + 2..]].concat();
    assert!(is_broken(&without, size));
}

#[test]
fn a_run_that_leaves_its_block_is_broken() {
    // Each code is one zero bit: a DC difference of 0, and sixteen zeros.
    let tables: &[u8] = b"\xFF\xC4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
        \xFF\xC4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xF0";
    let frame: &[u8] = b"\xFF\xC0\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0";
    let scan: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\0\0\0\0\xFF\xD9";
    let quantisation = [&b"\xFF\xDB\0\x43\0"[..], &[1; 64]].concat();
    let file = [&b"\xFF\xD8"[..], &quantisation, frame, tables, scan].concat();
    assert!(is_broken(&file, Size::new(8, 8)));
}

#[test]
fn no_flipped_bit_panics() {
    let size = Size::new(19, 17);
    for sampling in SAMPLINGS {
        let mut file = file(size, sampling, 50, 1);
        for bit in 0..file.len() * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            let shrink = shrinks().nth(bit % 7).unwrap();
            // A flipped bit leaves a picture, an error, or a file for the other decoder. All three are right.
            if let Ok(Some(raw)) = decode(&file, size, shrink) {
                assert_eq!(raw.size, shrink.reduced(size));
            }
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn what_is_coded_otherwise_is_left_to_the_other_decoder() {
    let size = Size::new(16, 16);
    let pixels = [90; 16 * 16 * 4];
    let encoder = || Encoder::new(&pixels[..16 * 16 * 3], 16, 16, PixelFormat::Rgb);
    let files = [
        encoder().progressive(true).encode(),
        encoder().arithmetic(true).encode(),
        encoder().subsampling(Subsampling::S411).encode(),
        encoder()
            .colorspace(libjpeg_turbo_rs::ColorSpace::Rgb)
            .encode(),
        Encoder::new(&pixels, 16, 16, PixelFormat::Cmyk).encode(),
    ];
    for (number, file) in files.into_iter().enumerate() {
        let file = file.unwrap();
        for shrink in shrinks() {
            assert!(matches!(decode(&file, size, shrink), Ok(None)), "{number}");
        }
    }
}
